/** The seven sources of the query pool, in the forms in which their upstreams and hubs publish them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer/src/node.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importQueries } from '../../../activities/benchmarks/importers/import-queries.ts';
import { gradeNumber } from '../../../activities/benchmarks/graders/number.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-formats-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(content: string, name = 'rows.jsonl'): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

function parquet(rows: readonly Record<string, unknown>[], name = 'rows.parquet'): string {
  const filename = join(directory, name);
  const columnData = Object.keys(rows[0] ?? {}).map((column) => ({
    name: column,
    data: rows.map((row) => row[column]),
  }));
  parquetWriteFile({ filename, columnData, rowGroupSize: 2 });
  return filename;
}

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('MATH', () => {
  const row = {
    problem: 'What is $\\frac{1}{2}$ of $\\frac{2}{3}$?',
    level: 'Level 5',
    type: 'Prealgebra',
    solution: 'First \\boxed{0}. Then $\\boxed{\\frac{1}{\\sqrt{3^{2}}}}$.',
  };

  it('takes the last box with nested braces, the type and the level', async () => {
    const rows = [
      row,
      { problem: 'Two?', solution: 'so $\\boxed 2$', level: 'Level ?', type: 'Algebra' },
      { problem: 'Three?', solution: 'no box', answer: '3', subject: 'Algebra', level: 3 },
      { problem: 'Open?', solution: '\\boxed{\\frac{1}{2}', type: 'Algebra' },
    ];
    const { queries, rejected } = await importQueries({ file: await file(lines(rows)), source: 'math' });
    expect(queries).toMatchObject([
      { gold: { kind: 'latex', value: '\\frac{1}{\\sqrt{3^{2}}}' }, subject: 'Prealgebra', level: '5' },
      { gold: { value: '2' }, level: '?' },
      { gold: { value: '3' }, subject: 'Algebra', level: '3' },
    ]);
    expect(rejected).toMatchObject([{ line: 4, reason: expect.stringContaining('boxed') }]);
  });

  it('comes as a directory with one file per problem', async () => {
    for (const [name, problem] of [
      ['algebra/1.json', 'One?'],
      ['algebra/10.json', 'Ten?'],
      ['geometry/1.json', 'Angle?'],
    ])
      await file(JSON.stringify({ ...row, problem }, null, 4), `MATH/train/${name}`);
    await file('{"problem": ', 'MATH/train/geometry/2.json');
    await file('not data', 'MATH/train/README.md');
    const { queries, rejected, files } = await importQueries({
      file: join(directory, 'MATH'),
      source: 'math',
    });
    expect(queries.map(({ text, split }) => [text, split])).toEqual([
      ['One?', 'train'],
      ['Ten?', 'train'],
      ['Angle?', 'train'],
    ]);
    expect(files.map(({ name }) => name)).toEqual([
      'train/algebra/1.json',
      'train/algebra/10.json',
      'train/geometry/1.json',
    ]);
    expect(rejected).toMatchObject([{ file: 'train/geometry/2.json', line: 1 }]);
  });
});

describe('GSM-Hard', () => {
  it('reads floats: whole ones compare exactly, others within a thousandth', async () => {
    const targets = [9867630.0, -12345.0, 1.7e-6, -3.5, 2050458.3333333333];
    const rows = targets.map((target, n) => ({
      input: `How much, ${n}?`,
      code: 'def solution(): …',
      target,
    }));
    const { queries } = await importQueries({ file: await file(lines(rows)), source: 'gsm-hard' });
    const right = ['9,867,630', '-12345', '0.0000017', '-3.502', '2050458.33'];
    const wrong = ['9867631', '12345', '0', '-3.51', '2053000'];
    for (const [index, { gold, text }] of queries.entries()) {
      if (gold.kind !== 'number') throw new Error('no number');
      expect(gradeNumber(gold, `The answer is ${right[index]}`, text).score).toBe(1);
      expect(gradeNumber(gold, `The answer is ${wrong[index]}`, text).score).toBe(0);
    }
    expect(queries).toHaveLength(5);
    const bad = lines([{ input: 'x?', target: 'many' }, rows[0]]);
    const { rejected } = await importQueries({ file: await file(bad), source: 'gsm-hard' });
    expect(rejected).toMatchObject([{ line: 1, reason: 'target: "many" is not a number' }]);
  });
});

describe('MBPP', () => {
  const code = 'def helper(x):\r\n  return x\r\ndef similar(a, b):\r\n  return set(a) & set(b)';
  const tests = ['assert set(similar((3, 4),(4, 5))) == set((4,))', 'assert set(similar((1,),(1,))) == {1}'];

  it('names the function by a test, and goes by task_id for the split', async () => {
    const rows = [2, 11, 511, 601].map((id) => ({
      task_id: id,
      text: `Write a function, ${id}.`,
      code,
      test_list: tests,
      test_setup_code: 'import math',
      challenge_test_list: ['assert similar((), ()) == set()'],
    }));
    const { queries } = await importQueries({ file: await file(lines(rows)), source: 'mbpp' });
    expect(queries.map(({ split }) => split)).toEqual(['prompt', 'test', 'validation', 'train']);
    expect(queries[0]?.text).toContain(tests[0]);
    expect(queries[0]?.text).not.toContain(tests[1]);
    expect(queries[0]?.gold).toEqual({
      kind: 'code',
      entryPoint: 'similar',
      form: 'asserts',
      tests,
      prelude: 'import math',
      reference: code.replaceAll('\r', ''),
    });
  });

  it('sanitized: one array, prompt and test_imports', async () => {
    const rows = [
      {
        source_file: 'x.ipynb',
        task_id: 2,
        prompt: 'Write a function.',
        code,
        test_imports: ['import math', 'import re'],
        test_list: tests,
      },
      { task_id: 3, prompt: 'No tests.', code, test_imports: [], test_list: [] },
    ];
    const path = await file(JSON.stringify(rows), 'sanitized-mbpp.json');
    const { queries, rejected } = await importQueries({ file: path, source: 'mbpp' });
    expect(queries[0]?.gold).toMatchObject({ prelude: 'import math\nimport re', entryPoint: 'similar' });
    expect(rejected).toMatchObject([{ line: 2, reason: 'test_list: there are no tests' }]);
  });
});

describe('SciQ', () => {
  const row = (n: number) => ({
    question: `Which one, ${n}?`,
    distractor3: 'wrong 3',
    distractor1: 'wrong 1',
    distractor2: 'wrong 2',
    correct_answer: 'right',
    support: 'It is the right one.',
  });

  it('shuffles by the question: every letter comes up, and the same one every time', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => row(n));
    const { queries } = await importQueries({ file: await file(JSON.stringify(rows)), source: 'sciq' });
    const letters = queries.map(({ gold }) => (gold.kind === 'choice' ? gold.letter : ''));
    for (const letter of 'ABCD') {
      const count = letters.filter((one) => one === letter).length;
      expect(count).toBeGreaterThan(30);
      expect(count).toBeLessThan(70);
    }
    for (const { gold, text } of queries) {
      if (gold.kind !== 'choice') throw new Error('no choice');
      expect(text).toContain(`(${gold.letter}) right`);
      expect(text).not.toContain('It is the right one');
    }
    const again = await importQueries({ file: parquet(rows.toReversed()), source: 'sciq' });
    expect(again.queries.map(({ id }) => id).toReversed()).toEqual(queries.map(({ id }) => id));
  });

  it('leaves out a question whose answer is a distractor, too', async () => {
    const rows = [{ ...row(1), distractor2: ' right ' }, row(2)];
    const { queries, rejected } = await importQueries({ file: await file(lines(rows)), source: 'sciq' });
    expect(queries).toHaveLength(1);
    expect(rejected).toMatchObject([{ line: 1, reason: expect.stringContaining('distractors') }]);
  });
});

describe('MMLU', () => {
  it('CSV without a header: quoted commas, quotes and lines; the subject is in the name', async () => {
    const csv = [
      '"Find ""all"" c, in Z_3\nsuch that it is a field.",0,"1, or 2",2,3,B',
      'Statement 1 | Statement 2,"True, True",False,x,y,A',
      'Five cells,a,b,c,A',
      'Too far,a,b,c,d,E',
    ].join('\r\n');
    const { queries, rejected } = await importQueries({
      file: await file(csv, 'abstract_algebra_test.csv'),
      source: 'mmlu',
    });
    expect(queries).toMatchObject([
      {
        text: expect.stringContaining('Find "all" c, in Z_3\nsuch that it is a field.'),
        subject: 'abstract_algebra',
        split: 'test',
        gold: { letter: 'B', options: ['0', '1, or 2', '2', '3'] },
      },
      { gold: { letter: 'A' } },
    ]);
    expect(rejected).toEqual([
      { file: 'abstract_algebra_test.csv', line: 4, reason: 'it has 5 cells where 6 belong' },
      { file: 'abstract_algebra_test.csv', line: 5, reason: 'option E is right, but there is none' },
    ]);
  });

  it('a directory of subjects and splits', async () => {
    await file('One?,a,b,c,d,A\n', 'data/dev/anatomy_dev.csv');
    await file('Two?,a,b,c,d,A\n', 'data/val/us_foreign_policy_val.csv');
    const { queries } = await importQueries({ file: join(directory, 'data'), source: 'mmlu' });
    expect(queries.map(({ subject, split }) => [subject, split])).toEqual([
      ['anatomy', 'dev'],
      ['us_foreign_policy', 'validation'],
    ]);
  });

  it('parquet: subject, choices and the index of the answer', async () => {
    const rows = [
      { question: 'One?', subject: 'anatomy', choices: ['a', 'b', 'c', 'd'], answer: 3n },
      { question: 'Two?', subject: 'virology', choices: ['a', 'b', 'c', 'd'], answer: 4n },
      { question: 'Three?', subject: 'virology', choices: ['a', 'b', 'c', 'd'], answer: 0n },
    ];
    const { queries, rejected, files } = await importQueries({
      file: parquet(rows, 'validation-00000-of-00001.parquet'),
      source: 'mmlu',
    });
    expect(queries).toMatchObject([
      { subject: 'anatomy', split: 'validation', gold: { letter: 'D', options: ['a', 'b', 'c', 'd'] } },
      { subject: 'virology', gold: { letter: 'A' } },
    ]);
    expect(rejected).toMatchObject([{ line: 2, reason: expect.stringContaining('E is right') }]);
    expect(files).toMatchObject([{ format: 'parquet', rows: 3 }]);
  });
});

describe('parquet as hubs store it', () => {
  it('GSM8K and AQuA give the queries that their JSON lines give', async () => {
    const gsm8k = [1, 2, 3].map((n) => ({ question: `How many, ${n}?`, answer: `${n}\n#### ${n}` }));
    const aqua = [
      { question: 'How far?', options: ['A)5', 'B)6', 'C)7'], rationale: 'so', correct: 'B' },
      { question: 'How long?', options: ['A)5', 'B)6'], rationale: 'so', correct: 'C' },
    ];
    for (const [source, rows] of [
      ['gsm8k', gsm8k],
      ['aqua', aqua],
    ] as const) {
      const fromText = await importQueries({ file: await file(lines(rows)), source });
      const fromParquet = await importQueries({ file: parquet(rows), source });
      expect(fromParquet.queries).toEqual(fromText.queries);
      expect(fromParquet.queries.length).toBeGreaterThan(0);
      expect(fromParquet.rejected.map(({ line }) => line)).toEqual(fromText.rejected.map(({ line }) => line));
    }
  });
});
