/** The adaptive matrix on real parts: what it leaves out, that nothing else changes what it finds, and that no disturbance does. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestSchema } from '../../../activities/dataset/export/manifest.ts';
import { exportMatrix } from '../../../activities/matrix/export-matrix.ts';
import { renderSelection } from '../../../clients/report/selection/render-selection.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { selectionReportSchema } from '../../../workflows/dataset/selection-report.ts';
import { startImpatientTemporal } from '../../support/impatient-temporal.ts';
import { freshHome } from '../../support/masgpt.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

/** Two groups of 24, of programs that differ; the refiner is not asked. */
const full: DatasetRequest = {
  queries: [
    { source: 'generated-train', limit: 24 },
    { source: 'generated-test', limit: 24 },
  ],
  programs: ['analogical', 'code-with-tests', 'cot', 'math-with-code', 'self-consistency', 'single'],
  ...{ seed: 3, groupBy: 'source' },
  switches: { adaptation: false, reasoning: false },
  export: { formats: ['rewards', 'preferences', 'unpaired'] },
};
const race = { leastQueries: 6, looks: 6 };
const raced: DatasetRequest = { ...full, selection: { race } };
/** Groups by what the queries say, and more repeats for those that lead at the end. */
const alike: DatasetRequest = {
  ...{ ...full, groupBy: 'embedding', grouping: { k: 2 } },
  selection: { race, leaders: { count: 2, extraRepeats: 1 } },
};
const allCells = 288;

let calm: SimulatedStack;
let first: DatasetResult;
beforeAll(async () => {
  calm = await simulatedStack();
  first = await calm.build(raced, 'raced');
  await recordHistory(calm.client, 'dataset/raced', 'dataset-raced');
}, 900_000);
afterAll(() => calm?.[Symbol.asyncDispose]());

/** All but what says when it was built. */
const filesOf = ({ files, selectionReport }: DatasetResult): unknown => ({
  ...{ ...files, 'run.json': '' },
  selectionReport,
});

async function reportOf({ selectionReport = '' }: DatasetResult, { services } = calm) {
  return selectionReportSchema.parse(JSON.parse(await services.blobs.getText(selectionReport)));
}

async function executionsOf({ services }: SimulatedStack): Promise<number> {
  const { count } = await services.database
    .selectFrom('executions')
    .select((select) => select.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

const answeredBy = async (stack: SimulatedStack): Promise<number> => (await stack.stats()).answered;

describe('the adaptive matrix', () => {
  it('leaves out cells of programs that cannot lead, says which, and chooses none of them', async () => {
    const { cells, racedOut = 0 } = first;
    expect(racedOut).toBeGreaterThan(0);
    expect(cells + racedOut).toBe(allCells);
    expect(await executionsOf(calm)).toBe(cells);
    const report = await reportOf(first);
    expect(report.race).toMatchObject({ ...race, cells, of: allCells });
    const scores = report.groups.flatMap((group) => group.scores);
    expect(scores.reduce((sum, { executions }) => sum + executions, 0)).toBe(cells);
    expect(scores.some(({ dropped }) => dropped !== undefined)).toBe(true);
    for (const group of report.groups) {
      expect(group.scores).toHaveLength(6);
      for (const [program, { dropped, executions, near }] of group.scores.entries()) {
        expect(executions).toBe(dropped?.queries ?? 24);
        if (dropped === undefined) continue;
        expect(near).toBe(false);
        expect(group.chosen).not.toBe(program);
        expect([8, 12, 16, 20]).toContain(dropped.queries);
      }
    }
    // Of the queries that all programs were executed on, whatever came of it: the first 8 of each group.
    expect(report.permutation).toMatchObject({ queries: 16 });
    const html = renderSelection({ run: first.run, report, simulated: true });
    expect(html).toContain('dropped out at look');
  });

  it('writes files of the cells that there are', async () => {
    const text = (file: string): Promise<string> => calm.services.blobs.getText(first.files[file] ?? '');
    const manifest = manifestSchema.parse(JSON.parse(await text('manifest.json')));
    expect(manifest.files['rewards.parquet']?.rows).toBe(first.cells);
    expect(manifest.files['preferences.jsonl']?.rows).toBeGreaterThan(0);
    expect(manifest.files['unpaired.jsonl']?.rows).toBeGreaterThan(0);
    expect(first.rows + first.dropped).toBe(48);
    await using directory = await freshHome();
    const place = {
      namespace: 'default',
      run: 'dataset/raced',
      file: join(directory.path, 'matrix.parquet'),
    };
    expect(await exportMatrix(calm.services, place)).toMatchObject({ cells: first.cells, missing: 0 });
    expect(await text('card.md')).toMatch(new RegExp(`its race left out \\| ${first.racedOut} \\|`));
  });

  it('again, replayed at every step: the same bytes, and no call', async () => {
    const asked = await answeredBy(calm);
    const again = await calm.build(raced, 'raced', { maxCachedWorkflows: 0 });
    expect(filesOf(again)).toEqual(filesOf(first));
    expect(await answeredBy(calm)).toBe(asked);
  }, 900_000);

  it('the full matrix runs only the difference; what it adds does not change a race', async () => {
    const executed = await executionsOf(calm);
    const whole = await calm.build(full, 'full');
    expect(whole).toMatchObject({ cells: allCells });
    expect(whole.racedOut).toBeUndefined();
    expect((await executionsOf(calm)) - executed).toBe(first.racedOut);

    const asked = await answeredBy(calm);
    const other = await calm.build(raced, 'raced-once-more');
    expect(filesOf(other)).toEqual(filesOf(first));
    expect(await answeredBy(calm)).toBe(asked);
  }, 900_000);

  it('without inter-consistency there is no race', async () => {
    await using _workers = await calm.startWorkers();
    const handle = await calm.mas.dataset.start({ ...raced, switches: { interConsistency: false } });
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Input.Invalid',
      message: expect.stringMatching(/selection\.race: [^]*use the full matrix/),
    });
  }, 120_000);
});

describe('a race that is disturbed', () => {
  it('paused, killed and continued in a further history: the same bytes', async () => {
    await using temporal = await startImpatientTemporal(60);
    await using stack = await simulatedStack({ latencyMs: 60, address: temporal.address });
    const worker = await stack.startProcess();
    const handle = await stack.mas.dataset.start(raced, { name: 'disturbed' });
    const calls = first.usage.llmCalls;
    const pause = () =>
      stack.mas.dataset.pause('disturbed').then(
        ({ paused }) => paused,
        () => false,
      );
    await expect
      .poll(() => answeredBy(stack), { timeout: 120_000, interval: 20 })
      .toBeGreaterThan(0.3 * calls);
    await worker.kill('SIGKILL');
    const next = await stack.startProcess();
    await expect.poll(pause, { timeout: 60_000, interval: 50 }).toBe(true);
    await expect.poll(async () => (await handle.progress()).open, { timeout: 60_000 }).toEqual([]);
    expect(await handle.progress()).toMatchObject({ state: 'paused', stage: 'score matrix' });
    const asked = await answeredBy(stack);
    expect(asked).toBeLessThan(calls);
    await next.kill('SIGKILL');
    await stack.startProcess();
    await stack.mas.dataset.resume('disturbed');
    expect(filesOf(await handle.result())).toEqual(filesOf(first));

    const { byHash, repeated } = await stack.stats();
    expect(Object.keys(byHash)).toHaveLength(calls);
    const again = stack.services.database.selectFrom('llm_calls').where('sends', '>', 1);
    expect(repeated).toBeLessThanOrEqual((await again.select('key').execute()).length);
    const { events } = await stack.client.workflow.getHandle('dataset/disturbed').fetchHistory();
    const { continuedExecutionRunId } = events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
    expect(continuedExecutionRunId).toMatch(/./);
  }, 900_000);

  it('meets a spent budget: what is complete is used, and with more of it nothing differs', async () => {
    const whole = await calm.build(alike, 'race-alike');
    const report = await reportOf(whole);
    // Only those that raced to the end get more repeats.
    for (const { scores, queries } of report.groups) {
      const leading = scores.filter(({ executions }) => executions === 2 * queries);
      expect([0, 2]).toContain(leading.length);
      expect(leading.every(({ dropped }) => dropped === undefined)).toBe(true);
    }
    expect(whole.leaderCells).toBeGreaterThan(0);

    await using stack = await simulatedStack();
    const tokens = first.usage.tokensIn + first.usage.tokensOut;
    const within = (share: number): DatasetRequest => ({
      ...{ ...alike, maxTokens: Math.round(share * tokens) },
      whenSpent: 'use',
    });
    const used = await stack.build(within(0.4), 'race-poor');
    const { leftOut = 0, racedOut = 0, cells } = used;
    expect(leftOut).toBeGreaterThan(0);
    expect(leftOut).toBeLessThan(48);
    expect(cells + racedOut).toBe(6 * (48 - leftOut));
    expect(used.rows + used.dropped).toBe(48 - leftOut);
    const names = report.groups.map(({ group }) => group);
    for (const { group } of used.groups) expect(names).toContain(group);

    const rich = await stack.build(within(100), 'race-poor');
    expect(filesOf(rich)).toEqual(filesOf(whole));
    expect((await stack.stats()).repeated).toBe(0);
  }, 900_000);
});
