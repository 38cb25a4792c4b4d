/** What importers write around the queries of a benchmark must not make unlike queries look alike: two rows of each format. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importQueries } from '../../../../activities/benchmarks/importers/import-queries.ts';
import { benchmarks } from '../../../../activities/benchmarks/registry.ts';
import { comparableOf } from '../../../../activities/dataset/query-pool/comparable.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-instructions-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Each function gives two rows that share no word. */
const rowsOf: Readonly<Record<string, (first: boolean) => unknown>> = {
  gsm8k: (first) => ({ question: first ? 'alpha beta?' : 'gamma delta?', answer: '#### 1' }),
  'gsm-hard': (first) => ({ input: first ? 'alpha beta?' : 'gamma delta?', code: 'x', target: 1.5 }),
  math: (first) => ({
    problem: first ? 'alpha beta' : 'gamma delta',
    solution: '\\boxed{1}',
    level: 'Level 1',
    type: 'Algebra',
  }),
  mbpp: (first) => ({
    task_id: first ? 601 : 602,
    text: first ? 'alpha beta' : 'gamma delta',
    code: first ? 'def epsilon(zeta):\n  return zeta' : 'def theta(iota):\n  return iota',
    test_list: [first ? 'assert epsilon(1) == 1' : 'assert theta(2) == 2'],
  }),
  sciq: (first) => ({
    question: first ? 'alpha beta?' : 'gamma delta?',
    distractor1: first ? 'epsilon' : 'iota',
    distractor2: first ? 'zeta' : 'kappa',
    distractor3: first ? 'eta' : 'lambda',
    correct_answer: first ? 'theta' : 'omega',
    support: '',
  }),
  mmlu: (first) => ({
    question: first ? 'alpha beta?' : 'gamma delta?',
    choices: first ? ['epsilon', 'zeta', 'eta', 'theta'] : ['iota', 'kappa', 'lambda', 'omega'],
    answer: 1,
    subject: 'anatomy',
  }),
  aqua: (first) => ({
    question: first ? 'alpha beta?' : 'gamma delta?',
    options: first ? ['A)epsilon', 'B)zeta'] : ['A)iota', 'B)kappa'],
    correct: 'A',
  }),
  humaneval: (first) => ({
    task_id: 'HumanEval/0',
    prompt: first ? 'def alpha(beta):\n    """epsilon"""\n' : 'def gamma(delta):\n    """zeta"""\n',
    entry_point: first ? 'alpha' : 'gamma',
    test: 'def check(candidate):\n    assert candidate(1) == 1\n',
  }),
  scibench: (first) => ({
    problem_text: first ? 'alpha beta?' : 'gamma delta?',
    answer_number: '1.5',
    unit: first ? 'kg' : 'm',
    source: 'atkins',
  }),
  rows: (first) => ({ query: first ? 'alpha beta' : 'gamma delta', gt: '1', source: 'x' }),
};

/** What the upstream's own code shares. */
const ofPython = new Set(['def', 'assert', '=']);

it.each(benchmarks.filter(({ importer }) => importer !== 'generated').map(({ name }) => name))(
  "%s: two queries share no word but the upstream's own",
  async (source) => {
    const row = rowsOf[source];
    if (!row) throw new Error(`${source} has no rows here: give two that share no word`);
    const file = join(directory, `${source}.jsonl`);
    await writeFile(file, `${JSON.stringify(row(true))}\n${JSON.stringify(row(false))}\n`);
    const { queries } = await importQueries({ file, source });
    expect(queries).toHaveLength(2);
    const [one, other] = queries.map((query) => new Set(comparableOf(query).words));
    const shared = [...(one ?? [])].filter((word) => other?.has(word) && !ofPython.has(word));
    expect(shared).toEqual([]);
    expect(one).toContain(source === 'humaneval' ? 'beta' : 'alpha');
  },
);
