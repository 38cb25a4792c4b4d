/** Refinement that a budget or a person stops: bases are kept where the input wants that, nothing is paid twice, and it goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinalQuery, finalQuerySchema, readLines } from '../../../activities/dataset/selection.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { Usage } from '../../../workflows/shared/usage.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const input: DatasetRequest = {
  queries: [{ source: 'generated-train', limit: 12 }],
  programs: ['cot', 'single'],
};
const many: DatasetRequest = { ...input, queries: [{ source: 'generated-train', limit: 32 }] };
const bare: DatasetRequest = { ...many, switches: { adaptation: false, reasoning: false } };

const tokensOf = ({ tokensIn, tokensOut }: Usage): number => tokensIn + tokensOut;

async function finalsOf({ services }: SimulatedStack, { finals = [] }: DatasetResult): Promise<FinalQuery[]> {
  const lines = finals.map((sha256) => readLines(services.blobs, sha256, finalQuerySchema));
  return (await Promise.all(lines)).flat();
}

describe('a budget that is spent', () => {
  let stack: SimulatedStack;
  let workers: AsyncDisposable;
  beforeAll(async () => {
    stack = await simulatedStack();
    workers = await stack.startWorkers({ maxCachedWorkflows: 0 });
  });
  afterAll(async () => {
    await workers?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
  });
  const build = async (request: DatasetRequest, name: string): Promise<DatasetResult> =>
    (await stack.mas.dataset.start(request, { name })).result();
  /** With its matrix on record, whatever the budget: room for some of the refinement, which a like run of another seed measures. */
  const someOfRefinement = async (seed: number): Promise<number> => {
    await build({ ...bare, seed: seed + 1 }, `matrix-${seed + 1}`);
    const { usage } = await build({ ...many, seed: seed + 1 }, `measured-${seed + 1}`);
    await build({ ...bare, seed }, `matrix-${seed}`);
    // The most that one call of the refiner may use has to fit beside it.
    return Math.round(0.4 * tokensOf(usage)) + 8_000;
  };

  it('in the matrix: what is complete is used, with base programs', async () => {
    const poor = {
      ...input,
      queries: [{ source: 'generated-train', limit: 40 }],
      seed: 20,
      maxTokens: 12_000,
    };
    const used = await build({ ...poor, whenSpent: 'use' }, 'unrefined');
    expect(used.leftOut).toBeGreaterThan(0);
    expect(used.rows).toBeGreaterThan(0);
    const finals = await finalsOf(stack, used);
    expect(used.refinement).toMatchObject({ tried: 0, accepted: 0, kept: used.rows, unpaid: finals.length });
    for (const { final, kept, unpaid, base } of finals) {
      expect({ kept, unpaid }).toEqual({ kept: 'budget', unpaid: true });
      if (final) expect(final).toMatchObject({ program: base, adapted: false, reasoning: '' });
    }
    const card = await stack.services.blobs.getText(used.files['card.md'] ?? '');
    expect(card).toMatch(/\| budget \| \d+ \|/);
    expect(card).toContain(`for ${finals.length} of the queries the base program stands`);
    const again = await build({ ...poor, whenSpent: 'use', maxTokens: 10_000_000 }, 'unrefined');
    expect(again.refinement.accepted).toBeGreaterThan(0);
    expect(again.refinement.unpaid).toBeUndefined();
    expect((await stack.stats()).repeated).toBe(0);
  }, 300_000);

  it('in the middle of refinement: what was paid for is used, the rest has base programs', async () => {
    const maxTokens = await someOfRefinement(22);
    const used = await build({ ...many, seed: 22, maxTokens, whenSpent: 'use' }, 'half');
    expect(tokensOf(used.usage)).toBeLessThanOrEqual(maxTokens);
    const { accepted, kept, unpaid = 0 } = used.refinement;
    expect(accepted).toBeGreaterThan(0);
    expect(unpaid).toBeGreaterThan(0);
    expect(accepted + kept).toBe(used.rows);
    const finals = await finalsOf(stack, used);
    const cut = finals.filter((query) => query.unpaid);
    expect(cut).toHaveLength(unpaid);
    expect(cut.some(({ kept: why }) => why === 'budget')).toBe(true);
    for (const { final, kept: why } of cut) {
      expect(final?.adapted ?? false).toBe(false);
      // The others were refused, and what their bases would have been explained with was spent.
      if (final && why !== 'budget') expect(final.reasoning).toBe('');
    }
    expect(finals.filter(({ final }) => final?.adapted)).toHaveLength(accepted);
    await recordHistory(stack.client, 'dataset/half', 'dataset-unpaid');
    expect((await stack.stats()).repeated).toBe(0);
  }, 300_000);

  it('ends the run where the input does not want a part, and a later start goes on', async () => {
    const maxTokens = await someOfRefinement(24);
    const request = { ...many, seed: 24 };
    const before = (await stack.stats()).answered;
    await expect(build({ ...request, maxTokens }, 'steered-stopped')).rejects.toMatchObject({
      type: 'Budget.Exceeded',
      message: expect.stringMatching(/refinement.*dataset\/steered-stopped/),
    });
    await recordHistory(stack.client, 'dataset/steered-stopped', 'dataset-stopped');
    const paid = (await stack.stats()).answered - before;
    expect(paid).toBeGreaterThan(0);
    const whole = await build({ ...request, maxTokens: 10_000_000 }, 'steered-stopped');
    expect(whole.refinement.unpaid).toBeUndefined();
    expect(whole.rows).toBe(whole.refinement.accepted + whole.refinement.kept);
    expect(await stack.stats()).toMatchObject({
      repeated: 0,
      answered: before + paid + whole.usage.llmCalls,
    });
  }, 300_000);
});

it('pauses and is tuned: the queries under way end, no other begins; resumed, nothing is paid twice', async () => {
  await using stack = await simulatedStack({ latencyMs: 300 });
  await using _workers = await stack.startWorkers();
  const { dataset } = stack.mas;
  const handle = await dataset.start({ ...input, programs: ['cot'], seed: 30 }, { name: 'steered-paused' });
  // Before its first step is done a run takes no update.
  await expect.poll(async () => (await handle.progress()).stage, { timeout: 60_000 }).not.toBe('');
  await dataset.tune('steered-paused', { executionsAtOnce: 1 });
  const callsOf = async (state: 'pending' | 'done'): Promise<string[]> => {
    const rows = await stack.services.database
      .selectFrom('llm_calls')
      .select('model')
      .where('state', '=', state)
      .execute();
    return rows.map(({ model }) => model);
  };
  let widest = 0;
  const refined = async (): Promise<number> => {
    // One query at a time asks one model at a time.
    if ((await handle.progress()).stage === 'refinement')
      widest = Math.max(widest, (await callsOf('pending')).length);
    return (await callsOf('done')).filter((model) => model === 'sim-refiner').length;
  };
  await expect.poll(refined, { timeout: 120_000, interval: 50 }).toBeGreaterThan(2);
  expect(widest).toBeLessThanOrEqual(1);
  expect(await dataset.pause('steered-paused')).toMatchObject({ paused: true, executionsAtOnce: 1 });
  const pending = async () =>
    (await stack.client.workflow.getHandle('dataset/steered-paused').describe()).raw.pendingActivities
      ?.length ?? 0;
  await expect.poll(pending, { timeout: 120_000 }).toBe(0);
  const asked = (await stack.stats()).answered;
  expect(await refined()).toBeLessThan(12);
  const progress = await handle.progress();
  expect(progress).toMatchObject({ state: 'paused', stage: 'refinement' });
  expect(progress.cause).toContain('paused');
  await expect(dataset.pause('steered-paused')).rejects.toMatchObject({ type: 'Input.Invalid' });

  await dataset.tune('steered-paused', { executionsAtOnce: 64 });
  // Tuned, it is paused all the same.
  expect(await pending()).toBe(0);
  expect((await stack.stats()).answered).toBe(asked);
  await dataset.resume('steered-paused');
  const result = await handle.result();
  expect(result.rows + result.dropped).toBe(12);
  expect(await stack.stats()).toMatchObject({ answered: result.usage.llmCalls, repeated: 0 });
  await recordHistory(stack.client, 'dataset/steered-paused', 'dataset-refinement-paused');
}, 300_000);
