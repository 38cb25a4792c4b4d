/** Refinement on real parts: what bad refiners bring, what the controls catch, and that a killed worker changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparedBuild, compareBuild } from '../../../activities/dataset/compare-builds.ts';
import { constantDriver } from '../../../activities/dataset/constant-driver.ts';
import { type FinalQuery, finalQuerySchema, readLines } from '../../../activities/dataset/selection.ts';
import { summariseFinals } from '../../../activities/dataset/summarise-finals.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const input: DatasetRequest = {
  queries: [{ source: 'generated-train', limit: 16 }],
  programs: ['cot', 'self-consistency'],
  seed: 3,
};

let stack: SimulatedStack;
beforeAll(async () => {
  stack = await simulatedStack();
});
afterAll(() => stack?.[Symbol.asyncDispose]());

const build = (request: Partial<DatasetRequest>, name: string): Promise<DatasetResult> =>
  stack.build({ ...input, ...request }, name);

async function finalsOf({ finals = [] }: DatasetResult, from = stack): Promise<FinalQuery[]> {
  const lines = finals.map((sha256) => readLines(from.services.blobs, sha256, finalQuerySchema));
  return (await Promise.all(lines)).flat();
}

const cardOf = async ({ files }: DatasetResult): Promise<string> =>
  stack.services.blobs.getText(files['card.md'] ?? '');

describe('a refiner', () => {
  it('that works: similarity, cost and controls of what was accepted are recorded', async () => {
    const result = await build({}, 'refined');
    const finals = await finalsOf(result);
    const adapted = finals.flatMap(({ final }) => (final?.adapted ? [final] : []));
    expect(adapted).toHaveLength(result.refinement.accepted);
    expect(adapted.length).toBeGreaterThan(3);
    for (const { similarity, controls, perExecution, fingerprint } of adapted) {
      expect(similarity).toBeGreaterThan(0.3);
      expect(controls?.constantDriver).toBe(0);
      expect(controls?.similarQuery?.queryId).toMatch(/^[0-9a-f]{32}$/);
      expect(perExecution?.tokensIn).toBeGreaterThan(0);
      expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
    const summary = summariseFinals(finals);
    expect(summary).toMatchObject({ rows: result.rows, adapted: adapted.length, meanScore: 1 });
    expect(summary.uniquePrograms).toBeGreaterThan(1);
    const free = await stack.services.database
      .selectFrom('executions')
      .select(['cost_usd', 'tokens_out', 'driver'])
      .where('driver', '=', constantDriver)
      .execute();
    expect(free.length).toBeGreaterThanOrEqual(adapted.length);
    expect(free.every((row) => row.cost_usd === 0 && row.tokens_out === 0)).toBe(true);
  }, 240_000);

  it.each([
    ['sim-refiner-garbage', ['noProgram', 'badProgram']],
    ['sim-refiner-leaks', ['leaked']],
    ['sim-refiner-solves', ['constantDriver']],
    ['sim-refiner-sly', ['similarQuery']],
  ] as const)(
    '%s: the dataset is built from bases, and the card says so',
    async (refiner, reasons) => {
      const result = await build({ refiner }, refiner);
      const { refinement } = result;
      expect(refinement.accepted).toBe(0);
      expect(refinement.kept).toBe(result.rows);
      expect(result.rows).toBeGreaterThan(5);
      const refused = refinement.refused ?? {};
      const total = Object.values(refused).reduce((sum, count) => sum + count, 0);
      expect(total).toBe(refinement.tried);
      const expected = reasons.reduce((sum, reason) => sum + (refused[reason] ?? 0), 0);
      expect(expected).toBe(total);
      const finals = await finalsOf(result);
      expect(finals.every(({ final }) => final?.adapted !== true)).toBe(true);
      const card = await cardOf(result);
      expect(card).toContain('every row holds a base program');
      for (const control of ['constantDriver', 'similarQuery'] as const) {
        const caught = refinement.caught?.[control];
        expect(caught?.count).toBe(refused[control] ?? 0);
        for (const id of caught?.queries ?? []) expect(card).toContain(id);
      }
    },
    240_000,
  );

  it('gets as many tries as it may have, and is told why', async () => {
    const before = (await stack.stats()).answered;
    const single = await build({ refiner: 'sim-refiner-garbage' }, 'one-try');
    const spentOnce = (await stack.stats()).answered - before;
    const thrice = await build({ refiner: 'sim-refiner-garbage', refinement: { tries: 3 } }, 'three-tries');
    const spent = (await stack.stats()).answered - before - spentOnce;
    expect(spentOnce).toBe(0);
    // The first try is on record.
    expect(spent).toBeGreaterThanOrEqual(2 * thrice.refinement.tried);
    const finals = await finalsOf(thrice);
    expect(finals.every(({ refused }) => refused?.length === 3)).toBe(true);
    expect(thrice.rows).toBe(single.rows);
    const asked = await stack.services.database
      .selectFrom('llm_calls')
      .select('request')
      .where('model', '=', 'sim-refiner-garbage')
      .execute();
    const told = asked.filter(({ request }) => JSON.stringify(request).includes('Why it was refused'));
    expect(told.length).toBeGreaterThanOrEqual(thrice.refinement.tried);
  }, 240_000);
});

it('decides over repeats, and keeps what stays unsolved when it is told to', async () => {
  const result = await build({ refinement: { repeats: 3, dropUnsolved: false } }, 'repeats');
  const finals = await finalsOf(result);
  expect(finals.every(({ final }) => final !== null)).toBe(true);
  expect(result.rows).toBe(finals.length);
  const scores = finals.map(({ final }) => Math.round((final?.score ?? 0) * 3 * 1e6) / 1e6);
  expect(scores.every((score) => Number.isInteger(score))).toBe(true);
  expect(scores.some((score) => score < 2)).toBe(true);
  const strict = await build({ refinement: { repeats: 3 } }, 'repeats-strict');
  expect(strict.rows).toBe(scores.filter((score) => score >= 2).length);
}, 240_000);

it('survives kill -9 of its worker in the middle: the same finals, and no recorded call is sent again', async () => {
  const refinement = { tries: 2 };
  const whole = await build({ refinement }, 'refinement-undisturbed');
  await using other = await simulatedStack({ latencyMs: 60 });
  const worker = await other.startProcess();
  const handle = await other.mas.dataset.start({ ...input, refinement }, { name: 'refinement-killed' });
  const refinerCalls = async (): Promise<number> => {
    const { calls } = await other.services.database
      .selectFrom('llm_calls')
      .select((select) => select.fn.countAll<string>().as('calls'))
      .where('model', '=', 'sim-refiner')
      .where('state', '=', 'done')
      .executeTakeFirstOrThrow();
    return Number(calls);
  };
  await expect.poll(refinerCalls, { timeout: 120_000, interval: 20 }).toBeGreaterThan(3);
  await worker.kill('SIGKILL');
  const recorded = await other.services.database
    .selectFrom('llm_calls')
    .select(['key', 'sends'])
    .where('state', '=', 'done')
    .execute();
  await other.startProcess();
  const result = await handle.result();
  expect(await finalsOf(result, other)).toEqual(await finalsOf(whole));
  expect(result.refinement).toEqual(whole.refinement);
  expect(result.files['sft.jsonl']).toBe(whole.files['sft.jsonl']);
  const after = await other.services.database.selectFrom('llm_calls').select(['key', 'sends']).execute();
  const sends = new Map(after.map(({ key, sends: count }) => [key, count]));
  expect(recorded.filter(({ key, sends: count }) => sends.get(key) !== count)).toEqual([]);
}, 300_000);

it('compares ablations from stored results', async () => {
  const variants: [string, DatasetRequest['switches']][] = [
    ['all-on', {}],
    ['random-solver', { interConsistency: false }],
    ['cheapest-solver', { interConsistency: false, withoutInterConsistency: 'cheapest' }],
    ['no-adaptation', { adaptation: false }],
    ['no-reasoning', { reasoning: false }],
  ];
  const compared = new Map<string, ComparedBuild>();
  for (const [name, switches] of variants) {
    const request = { ...input, switches };
    const result = await build({ switches }, name);
    compared.set(name, await compareBuild(stack.services.blobs, { name, input: request, result }));
  }
  const of = (name: string) => compared.get(name) as ComparedBuild;
  expect(of('no-adaptation')).toMatchObject({ tried: 0, acceptance: null, ablation: 'without adaptation' });
  expect(of('no-adaptation').uniquePrograms).toBeLessThan(of('all-on').uniquePrograms);
  expect(of('no-reasoning')).toMatchObject({ rows: of('all-on').rows, meanScore: of('all-on').meanScore });
  expect(of('cheapest-solver').ablation).toBe('without inter-consistency (cheapest solver)');
  // Every adapted program asks about as much as its base; the cheapest solvers ask least.
  expect(of('cheapest-solver').costUsdPerQuery).toBeLessThanOrEqual(of('random-solver').costUsdPerQuery ?? 0);
  expect(of('random-solver').rows).toBeGreaterThanOrEqual(of('no-adaptation').rows);
}, 240_000);
