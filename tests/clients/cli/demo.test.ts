/** The whole method as a newcomer runs it, small: every stage on real parts, and the documents that scripts may rely on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshHome, masgpt } from '../../support/masgpt.ts';

let home: Awaited<ReturnType<typeof freshHome>>;

beforeAll(async () => {
  home = await freshHome();
});
afterAll(() => home[Symbol.asyncDispose]());

async function documentOf(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await masgpt([...args, '--home', home.path, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('demo: dataset, training, serving, evaluation and report, all simulated and said so', async () => {
  const demo = await documentOf('demo', '--train', '120', '--test', '12');
  expect(demo).toEqual({
    stages: ['dataset', 'training', 'serve', 'evaluate', 'report'].map((name) => ({
      name,
      ok: true,
      seconds: expect.any(Number),
    })),
    generator: { executableRate: expect.any(Number), n: 12 },
    reportPath: join(home.path, 'reports', 'demo.html'),
    simulated: true,
  });
  const report = await readFile(demo['reportPath'] as string, 'utf8');
  expect(report).toContain('generator:served.demo');
  expect(report).toMatch(/simulated/i);
}, 600_000);

test('evaluate and dataset build print the documents that docs/cli.md states', async () => {
  const rows = {
    failed: 0,
    n: 4,
    low: expect.any(Number),
    high: expect.any(Number),
    correct: expect.any(Number),
  };
  const costs = { llmCalls: expect.any(Number), tokensIn: expect.any(Number), tokensOut: expect.any(Number) };
  const evaluation = await documentOf(
    ...['evaluate', '--benchmark', 'generated-test', '--limit', '4', '--system', 'single,debate'],
  );
  expect(evaluation).toEqual({
    results: ['single', 'debate'].map((system) => ({
      ...{ system, benchmark: 'generated-test', driver: 'sim-driver', ...rows, ...costs },
      accuracy: expect.any(Number),
      costUsd: expect.any(Number),
    })),
    reportPath: expect.stringMatching(/\.html$/),
  });
  const out = join(home.path, 'out');
  const dataset = await documentOf(
    ...['dataset', 'build', '--name', 'small', '--limit', '8', '--programs', 'single,cot', '--out', out],
  );
  expect(dataset).toEqual({
    rows: expect.any(Number),
    cells: 16,
    dropped: 8 - (dataset['rows'] as number),
    files: expect.any(Object),
  });
  const files = dataset['files'] as Readonly<Record<string, string>>;
  const written =
    'card.md completions.jsonl croissant.json manifest.json programs.jsonl provenance.jsonl rewards.parquet run.json sft.jsonl sft.parquet';
  expect(Object.keys(files).toSorted().join(' ')).toBe(written);
  for (const sha256 of Object.values(files)) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const sft = await readFile(join(out, 'sft.jsonl'), 'utf8');
  expect(sft.trim().split('\n')).toHaveLength(dataset['rows'] as number);
}, 300_000);
