/** Grouping by embedding, further repeats for leading programs and the report of why, through the workflow on real parts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderSelection } from '../../../clients/report/selection/render-selection.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { selectionReportSchema } from '../../../workflows/dataset/selection-report.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const programs = ['code-with-tests', 'cot', 'math-with-code', 'self-consistency'];
const input: DatasetRequest = {
  queries: [{ source: 'generated-train', limit: 24 }],
  ...{ programs, seed: 5, repeats: 2, groupBy: 'embedding', grouping: { k: 4 } },
  switches: { adaptation: false, reasoning: false },
  selection: { crossFit: 'repeats', leaders: { count: 2, extraRepeats: 2 }, permutations: 99 },
};

let stack: SimulatedStack;
beforeAll(async () => {
  stack = await simulatedStack();
});
afterAll(() => stack?.[Symbol.asyncDispose]());

async function reportOf({ selectionReport = '' }: DatasetResult) {
  return selectionReportSchema.parse(JSON.parse(await stack.services.blobs.getText(selectionReport)));
}

it('groups alike queries, spends more repeats on leading programs alone, and says why', async () => {
  const first = await stack.build(input, 'alike');
  const report = await reportOf(first);
  expect(report.groups).toHaveLength(4);
  expect(report.groups.reduce((sum, { queries }) => sum + queries, 0)).toBe(24);
  expect(report.clustering?.embedder).toMatch(/MiniLM/);
  expect(report.permutation?.permutations).toBe(99);
  for (const { scores, queries, chosen, crossFitted, exemplar } of report.groups) {
    expect(exemplar).not.toBe('');
    const executions = scores.map((score) => score.executions);
    const leading = executions.filter((count) => count === 4 * queries);
    expect([0, 2]).toContain(leading.length);
    expect(executions.filter((count) => count === 2 * queries)).toHaveLength(4 - leading.length);
    if (chosen === null) continue;
    expect(crossFitted?.mean).toBeGreaterThanOrEqual(0);
    const best = Math.max(...scores.map(({ mean }) => mean));
    expect(scores[chosen]?.mean).toBe(best);
  }
  expect(
    report.groups.some(({ scores }) =>
      scores.some(({ executions }, _, all) => executions > (all[0]?.executions ?? 0)),
    ),
  ).toBe(true);
  // Two repeats of each program on each query are the matrix's own.
  const executed = report.groups.flatMap(({ scores }) => scores.map(({ executions }) => executions));
  expect(first.cells).toBe(2 * 4 * 24);
  expect(first.leaderCells).toBe(executed.reduce((sum, count) => sum + count, 0) - first.cells);
  const html = renderSelection({ run: first.run, report, simulated: first.simulated });
  for (const text of [programs[0], report.groups[0]?.group, 'Simulated']) expect(html).toContain(text);
  expect(html).not.toContain('<script');

  const before = await stack.stats();
  const again = await stack.build(input, 'alike', { maxCachedWorkflows: 0 });
  expect(again.files['sft.jsonl']).toBe(first.files['sft.jsonl']);
  expect(again.selectionReport).toBe(first.selectionReport);
  expect((await stack.stats()).answered).toBe(before.answered);
}, 600_000);

it('what other runs added does not change a selection', async () => {
  const plain: DatasetRequest = {
    ...input,
    repeats: 1,
    groupBy: 'source',
    selection: { crossFit: 'queries' },
  };
  const report = await reportOf(await stack.build(plain, 'plain'));
  expect(report.groups.flatMap(({ scores }) => scores.map(({ executions }) => executions))).toEqual([
    24, 24, 24, 24,
  ]);
  expect(report.groups[0]?.crossFitted).not.toBeNull();
}, 600_000);

it('refuses what cannot be, before anything is spent', async () => {
  await using _workers = await stack.startWorkers();
  for (const [selection, message] of [
    [{ ...input, repeats: 1 }, /at least 2 repeats/],
    [{ ...input, grouping: { embedder: 'unknown-model' } }, /unknown-model/],
  ] as const) {
    const handle = await stack.mas.dataset.start(selection);
    const failed = (await handle.result().catch((thrown: unknown) => thrown)) as Error;
    expect(failed.message).toMatch(message);
  }
}, 120_000);
