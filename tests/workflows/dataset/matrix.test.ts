/** The score matrix on real parts and simulated models: only the difference runs, pauses and spent budgets leave what is usable. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

/** One call per execution; the refiner is not asked. */
const input = {
  queries: [{ source: 'generated-train', limit: 6 }],
  programs: ['cot', 'single'],
  switches: { adaptation: false, reasoning: false },
} satisfies DatasetRequest;

const executionsOf = async ({ services }: SimulatedStack): Promise<number> => {
  const { count } = await services.database
    .selectFrom('executions')
    .select((select) => select.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
};

describe('the score matrix', () => {
  let stack: SimulatedStack;
  let workers: AsyncDisposable;
  beforeAll(async () => {
    stack = await simulatedStack();
    workers = await stack.startWorkers();
  });
  afterAll(async () => {
    await workers?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
  });

  const build = async (
    request: DatasetRequest,
  ): Promise<{ result: DatasetResult; ran: number; asked: number }> => {
    const [executions, { answered }] = [await executionsOf(stack), await stack.stats()];
    const result = await (await stack.mas.dataset.start(request)).result();
    return {
      result,
      ran: (await executionsOf(stack)) - executions,
      asked: (await stack.stats()).answered - answered,
    };
  };

  it('runs only the difference when queries, programs, repeats or drivers are added', async () => {
    const first = await build(input);
    expect(first).toMatchObject({ ran: 12, asked: 12, result: { cells: 12, usage: { llmCalls: 12 } } });
    expect(await build({ ...input, name: 'again' })).toMatchObject({
      ran: 0,
      asked: 0,
      result: { cells: 12 },
    });

    const queries = [{ source: 'generated-train', limit: 8 }];
    expect(await build({ ...input, queries })).toMatchObject({ ran: 4, asked: 4, result: { cells: 16 } });

    const programs = ['cot', 'single', 'self-consistency'];
    expect(await build({ ...input, programs })).toMatchObject({ ran: 6, asked: 30, result: { cells: 18 } });

    expect(await build({ ...input, repeats: 3 })).toMatchObject({
      ran: 24,
      asked: 24,
      result: { cells: 36 },
    });

    const drivers = ['sim-driver', 'sim-judge'];
    const two = await build({ ...input, drivers });
    expect(two).toMatchObject({ ran: 12, asked: 12, result: { cells: 24 } });
    // The first driver decides, as it did alone.
    expect(two.result.groups).toEqual(first.result.groups);

    const all = await build({ ...input, queries, drivers, repeats: 3 });
    expect(all).toMatchObject({ result: { cells: 96 }, ran: 96 - 36 - 4 - 12, asked: 44 });
  }, 240_000);

  it('draws repeats independently, and gives them seeds of their own', async () => {
    const rows = await stack.services.database
      .selectFrom('executions')
      .select(['query_id', 'program_sha256', 'driver', 'seed', 'answer'])
      .execute();
    expect(new Set(rows.map(({ seed }) => seed)).size).toBe(rows.length);
    const answers = new Map<string, Set<string | null>>();
    for (const { query_id: query, driver, program_sha256: program, answer } of rows) {
      const cell = [query, driver, program].join();
      answers.set(cell, (answers.get(cell) ?? new Set()).add(answer));
    }
    expect([...answers.values()].filter(({ size }) => size > 1).length).toBeGreaterThan(0);
  });

  it('refuses a driver that is not among the drivers', async () => {
    const request = { ...input, driver: 'sim-driver', drivers: ['sim-judge'] };
    const handle = await stack.mas.dataset.start(request);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Input.Invalid',
      message: /none of `drivers`/,
    });
  });

  it('stops at a budget, or uses the queries that are complete and says how many are not', async () => {
    const poor = {
      ...input,
      queries: [{ source: 'generated-train', limit: 40 }],
      seed: 9,
      maxTokens: 12_000,
    };
    await expect(build({ ...poor, name: 'stopped' })).rejects.toMatchObject({ type: 'Budget.Exceeded' });
    const ended = stack.client.workflow.getHandle('dataset/stopped').query<Progress>('progress');
    expect(await ended).toMatchObject({
      state: 'failed',
      cause: expect.stringMatching(/^Budget.Exceeded: /),
    });
    const used = (await build({ ...poor, name: 'used', seed: 10, whenSpent: 'use' })).result;
    expect(used.leftOut).toBeGreaterThan(0);
    expect(used.leftOut).toBeLessThan(40);
    expect(used.cells).toBe(2 * (40 - (used.leftOut ?? 0)));
    expect(used.rows + used.dropped).toBe(40 - (used.leftOut ?? 0));
    const card = await stack.services.blobs.getText(used.files['card.md'] ?? '');
    expect(card).toMatch(new RegExp(`queries left out[^\\n]*${used.leftOut}`));

    const before = await executionsOf(stack);
    const whole = await build({ ...poor, name: 'used', seed: 10, maxTokens: 10_000_000 });
    expect(whole.result).toMatchObject({ cells: 80 });
    expect(whole.result.leftOut).toBeUndefined();
    expect(whole.asked).toBeLessThan(80 - used.cells + 1);
    expect(before + whole.ran).toBe(await executionsOf(stack));
  }, 240_000);
});

describe('a slow score matrix', () => {
  let stack: SimulatedStack;
  let workers: AsyncDisposable;
  beforeAll(async () => {
    // As long as `maxWallMinutes` below: only the first calls begin in time, however fast the machine.
    stack = await simulatedStack({ latencyMs: 1_200 });
    workers = await stack.startWorkers();
  });
  afterAll(async () => {
    await workers?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
  });

  it('pauses: after the executions under way no model is asked; resumed, nothing is paid twice', async () => {
    const request = { ...input, queries: [{ source: 'generated-train', limit: 100 }] };
    const handle = await stack.mas.dataset.start(request, { name: 'paused' });
    const answered = async (): Promise<number> => (await stack.stats()).answered;
    await stack.mas.dataset.tune('paused', { executionsAtOnce: 4 });
    await expect.poll(answered, { timeout: 60_000, interval: 20 }).toBeGreaterThan(8);
    expect(await stack.mas.dataset.pause('paused')).toMatchObject({ paused: true, executionsAtOnce: 4 });
    const progress = () => handle.progress();
    await expect.poll(async () => (await progress()).open, { timeout: 60_000 }).toEqual([]);
    const asked = await answered();
    expect(asked).toBeLessThan(200);
    const paused = await progress();
    expect(paused).toMatchObject({ state: 'paused', done: asked, cause: expect.stringContaining('paused') });
    const running = await stack.services.database
      .selectFrom('executions')
      .select('key')
      .where('status', '=', 'running')
      .execute();
    expect(running).toEqual([]);
    // Nothing is open in Temporal but the parent, so nothing can ask.
    const query = `TaskQueue = '${stack.taskQueue}' AND ExecutionStatus = 'Running'`;
    const open = () => stack.client.workflowService.countWorkflowExecutions({ namespace: 'default', query });
    await expect.poll(async () => (await open()).count?.toNumber(), { timeout: 60_000 }).toBe(1);
    expect(await answered()).toBe(asked);

    await stack.mas.dataset.tune('paused', { executionsAtOnce: 64 });
    await stack.mas.dataset.resume('paused');
    const result = await handle.result();
    expect(result).toMatchObject({ cells: 200, usage: { llmCalls: 200 } });
    expect(await stack.stats()).toMatchObject({ answered: 200, repeated: 0 });
    await recordHistory(stack.client, 'dataset/paused', 'dataset-paused');
    await expect(stack.mas.dataset.pause('paused')).rejects.toMatchObject({ type: 'Input.NotFound' });
  }, 240_000);

  it('ends with its time, and goes on from there', async () => {
    const queries = [{ source: 'generated-train', limit: 100 }];
    const request = { ...input, queries, seed: 5, maxWallMinutes: 0.02 };
    const first = await stack.mas.dataset.start(request, { name: 'timed' });
    await expect(first.result()).rejects.toMatchObject({
      type: 'Budget.Exceeded',
      message: expect.stringMatching(/maxWallMinutes/),
    });
    await recordHistory(stack.client, 'dataset/timed', 'dataset-timed');
    const before = (await stack.stats()).answered;
    const stored = await stack.services.database
      .selectFrom('executions')
      .select('key')
      .where('run', '=', 'dataset/timed')
      .execute();
    const again = await stack.mas.dataset.start({ ...request, maxWallMinutes: 60 }, { name: 'timed' });
    expect(await again.result()).toMatchObject({ cells: 200 });
    expect((await stack.stats()).answered - before).toBe(200 - stored.length);
  }, 240_000);
});
