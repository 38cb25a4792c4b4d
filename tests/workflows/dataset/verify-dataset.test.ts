/** verifyDataset on real parts: fresh draws of a sample of rows, the rate that follows from them, and nothing lost with a worker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { VerifyRequest, VerifyResult } from '../../../workflows/dataset/verify-contract.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

let stack: SimulatedStack;
let dataset: DatasetResult;

beforeAll(async () => {
  stack = await simulatedStack({ latencyMs: 30 });
  const input = {
    queries: [{ source: 'generated-train', limit: 12 }],
    programs: ['cot', 'math-with-code'],
    repeats: 2,
  };
  dataset = await stack.build(input, 'to-verify');
}, 240_000);
afterAll(() => stack?.[Symbol.asyncDispose]());

async function verify(request: VerifyRequest, name: string, options = {}): Promise<VerifyResult> {
  await using _workers = await stack.startWorkers(options);
  return await (await stack.mas.verification.start(request, { name })).result();
}

interface Outcome {
  readonly solved: boolean;
  readonly failure: string | null;
}

async function outcomesOf({ outcomes }: VerifyResult): Promise<Outcome[]> {
  const text = await stack.services.blobs.getText(outcomes);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
}

describe('verifyDataset', () => {
  let first: VerifyResult;

  it('executes every row of the sample anew, and its rate is that of the outcomes', async () => {
    const before = await stack.services.database.selectFrom('executions').select('key').execute();
    first = await verify({ dataset: 'to-verify' }, 'whole');
    await recordHistory(stack.client, 'verification/whole', 'dataset-verified');
    expect(first).toMatchObject({ run: 'verification/whole', rows: dataset.rows, simulated: true });
    const outcomes = await outcomesOf(first);
    expect(outcomes).toHaveLength(dataset.rows);
    const solved = outcomes.filter((outcome) => outcome.solved).length;
    expect(first).toMatchObject({ solved, rate: solved / dataset.rows });
    expect(first.interval.low).toBeLessThan(first.rate);
    expect(first.adapted.rows + first.base.rows).toBe(dataset.rows);
    const lost = Object.values(first.failures).reduce((sum, count) => sum + count, 0);
    expect(lost).toBe(dataset.rows - solved);
    expect(first.expected?.estimate).toBeGreaterThan(0);
    const fresh = await stack.services.database
      .selectFrom('executions')
      .select('seed')
      .where('run', '=', 'verification/whole')
      .execute();
    expect(fresh).toHaveLength(dataset.rows);
    expect(before.length).toBeGreaterThan(0);
    expect(first.usage.llmCalls).toBeGreaterThan(0);
  }, 120_000);

  it('again, and replayed at every step: the same rate for no call; another seed is another sample', async () => {
    const again = await verify({ dataset: 'to-verify' }, 'whole', { maxCachedWorkflows: 0 });
    expect(again).toMatchObject({ outcomes: first.outcomes, rate: first.rate, usage: { llmCalls: 0 } });
    const few = await verify({ dataset: 'to-verify', rows: 3, seed: 1 }, 'few');
    const others = await verify({ dataset: 'to-verify', rows: 3, seed: 2 }, 'others');
    expect([few.rows, others.rows]).toEqual([3, 3]);
    expect(few.usage.llmCalls).toBeGreaterThan(0);
    expect(others.outcomes).not.toBe(few.outcomes);
  }, 120_000);

  it('goes on with another worker after kill -9, to the same outcomes as without', async () => {
    const whole = await verify({ dataset: 'to-verify', seed: 9 }, 'unharmed');
    await stack.services.database
      .deleteFrom('executions')
      .where('run', '=', 'verification/unharmed')
      .execute();
    await stack.services.database
      .deleteFrom('llm_calls')
      .where('run', '=', 'verification/unharmed')
      .execute();
    const answered = async (): Promise<number> => (await stack.stats()).answered;
    const before = await answered();
    const worker = await stack.startProcess();
    const handle = await stack.mas.verification.start({ dataset: 'to-verify', seed: 9 }, { name: 'harmed' });
    await expect.poll(answered, { timeout: 60_000, interval: 10 }).toBeGreaterThan(before + 2);
    await worker.kill('SIGKILL');
    await stack.startProcess();
    const harmed = await handle.result();
    expect(harmed.outcomes).toBe(whole.outcomes);
  }, 180_000);

  it('refuses what is no finished dataset', async () => {
    await using _workers = await stack.startWorkers();
    for (const [request, message] of [
      [{ dataset: 'nobody-built-it' }, /no dataset nobody-built-it/],
      [{}, /dataset/],
      [{ dataset: 'to-verify', rows: 0 }, /rows/],
    ] as const) {
      const handle = await stack.mas.verification.start(request as VerifyRequest);
      const failed = (await handle.result().catch((thrown: unknown) => thrown)) as Error;
      expect(failed.message).toMatch(message);
    }
  }, 60_000);
});
