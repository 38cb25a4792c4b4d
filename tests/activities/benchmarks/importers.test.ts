/** Upstream files become queries; what is malformed is named by its line and left out; hostile files are refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importQueries } from '../../../activities/benchmarks/importers/import-queries.ts';
import { createLoadQueries } from '../../../activities/benchmarks/load-queries.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import type { Query } from '../../../workflows/shared/query.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-import-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(content: string | Buffer, name = 'rows.jsonl'): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const gsm8kRow = { question: ' How many eggs are left? ', answer: '16 - 3 = <<16-3=13>>13\n#### 1,013' };
const humanevalRow = {
  task_id: 'HumanEval/0',
  prompt: 'def double(n):\n    """Twice n."""\n',
  entry_point: 'double',
  canonical_solution: '    return 2 * n\n',
  test: 'def check(candidate):\n    assert candidate(2) == 4\n',
};

describe('formats', () => {
  it('GSM8K: the number after ####, as it is written', async () => {
    const { queries, rejected } = await importQueries({
      file: await file(lines([gsm8kRow])),
      source: 'gsm8k',
    });
    expect(rejected).toEqual([]);
    expect(queries).toMatchObject([
      {
        source: 'gsm8k',
        text: 'How many eggs are left?',
        gold: { kind: 'number', value: '1,013' },
        licence: 'MIT',
      },
    ]);
  });

  it('HumanEval, gzipped: the stub in the query, upstream code as reference', async () => {
    const path = await file(gzipSync(lines([humanevalRow])), 'humaneval.jsonl.gz');
    const { queries } = await importQueries({ file: path, source: 'humaneval' });
    expect(queries[0]?.text).toContain('def double(n):');
    expect(queries[0]?.gold).toEqual({
      kind: 'code',
      entryPoint: 'double',
      form: 'check',
      tests: [humanevalRow.test],
      prelude: humanevalRow.prompt,
      reference: humanevalRow.prompt + humanevalRow.canonical_solution,
    });
  });

  it('SciBench, one array over many lines: unit and power of ten stand in the query', async () => {
    const rows = [
      {
        problem_text: 'How heavy?',
        answer_number: '+7.3',
        unit: ' $10^6$ kg',
        source: 'atkins',
        problemid: ' e1 ',
      },
      { problem_text: 'How many?', answer_number: '12', unit: ' ', source: 'stat' },
    ];
    const { queries } = await importQueries({
      file: await file(JSON.stringify(rows, null, 1), 'atkins.json'),
      source: 'scibench',
    });
    expect(queries).toMatchObject([
      { subject: 'atkins', gold: { value: '+7.3', unit: '$10^6$ kg', relativeTolerance: 0.05 } },
      { text: 'How many?', subject: 'stat', gold: { kind: 'number', value: '12' } },
    ]);
    expect(queries[0]?.text).toContain('$10^6$ kg');
  });

  it('AQuA: options are listed without their own labels', async () => {
    const row = { question: 'How far?', options: ['A)5(√3 + 1)', 'B) 6', 'C)None of these'], correct: 'B' };
    const { queries } = await importQueries({ file: await file(lines([row])), source: 'aqua' });
    expect(queries[0]?.gold).toEqual({
      kind: 'choice',
      letter: 'B',
      options: ['5(√3 + 1)', '6', 'None of these'],
    });
    expect(queries[0]?.text).toMatch(/How far\?[^]*\(A\) 5\(√3 \+ 1\)\n\(B\) 6/);
  });

  it('MAS-GPT rows: the gold says how each is graded', async () => {
    const rows = [
      { query: 'How many?', gt: '12', tag: ['math'], source: 'GSM8K' },
      { query: 'Simplify.', gt: '\\frac{1}{2}', source: 'MATH' },
      { query: 'Which?\nA. one\nB. two', gt: 'B', source: 'MMLU' },
      { query: 'Write f.', gt: '', source: 'MBPP', test_cases: ['assert f(1) == 2'] },
      {
        query: 'Write g.',
        gt: '',
        source: 'HumanEval',
        test: 'def check(c):\n    assert c(1)',
        entry_point: 'g',
      },
      { query: 'Who?', gt: 'Ada Lovelace', source: 'SciQ' },
    ];
    const { queries } = await importQueries({ file: await file(lines(rows)), source: 'rows' });
    expect(queries.map(({ subject, gold }) => [subject, gold.kind])).toEqual([
      ['GSM8K', 'number'],
      ['MATH', 'latex'],
      ['MMLU', 'choice'],
      ['MBPP', 'code'],
      ['HumanEval', 'code'],
      ['SciQ', 'text'],
    ]);
    expect(queries[3]?.gold).toMatchObject({ entryPoint: 'f', form: 'asserts' });
  });
});

describe('bad input', () => {
  it('is named by line and reason, and the rest is kept', async () => {
    const content = [
      JSON.stringify(gsm8kRow),
      '{"question": "cut',
      '',
      '{"question": "no answer"}',
      '{"question": "no number", "answer": "I do not know"}',
      JSON.stringify(gsm8kRow),
      '"just text"',
      `{"question": "${'long '.repeat(2 * 1024 ** 2)}", "answer": "#### 1"}`,
      JSON.stringify({ question: 'x'.repeat(1_000_000), answer: '#### 2' }),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1'),
      '{"__proto__": {"polluted": 1}, "question": "Kept?", "answer": "#### 3"}',
    ].join('\n');
    const { queries, rejected } = await importQueries({ file: await file(content), source: 'gsm8k' });
    expect(queries.map(({ text }) => text)).toEqual(['How many eggs are left?', 'Kept?']);
    expect(rejected.map(({ line }) => line)).toEqual([2, 4, 5, 6, 7, 8, 9, 10]);
    const reasons = rejected.map(({ reason }) => reason);
    expect(reasons[0]).toContain('not JSON');
    expect(reasons[1]).toContain('answer');
    expect(reasons[2]).toContain('####');
    expect(reasons[3]).toContain('same query');
    expect(reasons[5]).toContain('characters');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('is not an array on one long line, nor a byte order mark', async () => {
    const rows = Array.from({ length: 10 }, (_, index) => ({
      question: `${index} ${'long '.repeat(200_000 / 5)}`,
      answer: `#### ${index}`,
    }));
    const long = Array.from({ length: 5 }, () => rows).flat();
    const array = await file(`\ufeff${JSON.stringify(long)}`, 'one-line.json');
    const { queries, rejected } = await importQueries({ file: array, source: 'gsm8k' });
    expect(queries).toHaveLength(10);
    expect(rejected).toHaveLength(40);
    const lists = await file(lines([gsm8kRow]).replace('{', '\ufeff{'), 'bom.jsonl');
    expect((await importQueries({ file: lists, source: 'gsm8k' })).queries).toHaveLength(1);
  });

  it.each<[string, () => Promise<string>, string, RegExp]>([
    ['a directory', async () => directory, 'gsm8k', /is not a file/],
    ['an empty file', () => file(''), 'gsm8k', /is empty/],
    ['a file of blanks', () => file('\n \n'), 'gsm8k', /is empty/],
    ['no file', async () => join(directory, 'absent'), 'gsm8k', /no such file/],
    ['an unknown benchmark', () => file('{}'), 'nonsense', /unknown benchmark "nonsense"; known are .*gsm8k/],
    ['a generated benchmark', () => file('{}'), 'generated-test', /has no file/],
    ['a broken array', () => file('[{"a": 1},'), 'scibench', /not valid JSON/],
    ['half a gzip file', () => file(gzipSync(lines([gsm8kRow])).subarray(0, 30)), 'gsm8k', /gzip/],
    [
      'a gzip bomb',
      () => file(gzipSync(Buffer.alloc(100 * 1024 ** 2, `${' '.repeat(4_000)}${lines([gsm8kRow])}`))),
      'gsm8k',
      /expands to more than/,
    ],
  ])('refuses %s', async (_name, path, source, message) => {
    await expect(importQueries({ file: await path(), source })).rejects.toThrow(message);
  });
});

describe('loading by reference', () => {
  it('limits, samples by seed, and tells the answer key exactly what it loads', async () => {
    const blobs = createDirectoryBlobs(join(directory, 'blobs'));
    const known: Query[] = [];
    const load = createLoadQueries({
      blobs,
      answerKey: { add: async (queries) => void known.push(...queries) },
    });
    const rows = Array.from({ length: 20 }, (_, index) => ({
      question: `Question ${index}?`,
      answer: `#### ${index}`,
    }));
    const { queries } = await importQueries({ file: await file(lines(rows)), source: 'gsm8k' });
    const sha256 = await blobs.put(lines(queries));
    const texts = async (reference: object): Promise<string[]> => {
      const loaded = await load({ source: 'gsm8k', sha256, seed: 1, ...reference });
      const stored = (await blobs.getText(loaded.sha256)).trim().split('\n');
      expect(loaded).toMatchObject({ count: stored.length, size: 20 });
      return stored.map((line) => (JSON.parse(line) as Query).text);
    };
    expect(await texts({ limit: 3 })).toEqual(['Question 0?', 'Question 1?', 'Question 2?']);
    expect(known.map(({ text }) => text)).toEqual(['Question 0?', 'Question 1?', 'Question 2?']);
    const sample = await texts({ sample: 5 });
    expect(sample).toHaveLength(5);
    expect(await texts({ sample: 5 })).toEqual(sample);
    expect(await texts({ sample: 5, seed: 2 })).not.toEqual(sample);
    await expect(load({ source: 'gsm8k', seed: 1 })).rejects.toThrow(/name its file/);
    expect(await load({ source: 'generated', seed: 1 })).toMatchObject({ count: 200 });
    expect(await load({ source: 'generated-test', seed: 1 })).toMatchObject({ count: 60 });
  });
});
