/** The window of runMatrix on a real server, its workflows cached and replayed at every step: nothing is lost, counted twice or left behind. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Client, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { historyOf } from '../../support/history.ts';
import { type MatrixParts, matrixParts, type MatrixWorkers } from './matrix-workers.ts';

const patience = { timeout: 30_000 };

describe.each([
  ['cached', {}],
  ['replayed at every step', { maxCachedWorkflows: 0 }],
])('%s', (_mode, options) => {
  let parts: MatrixParts;
  let client: Client;
  let workers: MatrixWorkers;
  let start: MatrixParts['start'];

  beforeAll(async () => {
    parts = await matrixParts(options);
    ({ client, workers, start } = parts);
  });
  beforeEach(() => workers.reset());
  afterAll(() => parts?.[Symbol.asyncDispose]());

  it('runs each batch once, as many at once as the window is wide', async () => {
    workers.script(async () => {
      while (workers.peak() < 3) await pause(5);
      return pause(5);
    });
    const handle = await start({ cells: 95, batchSize: 10, window: 3 });
    expect(await handle.result()).toMatchObject({ answered: 95, unfinished: 0, usage: { llmCalls: 95 } });
    expect(workers.executed.toSorted((a, b) => a - b)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(workers.graded).toHaveLength(10);
    expect(workers.peak()).toBe(3);
  });

  it('counts every batch once over many continue-as-new', async () => {
    workers.script(() => pause(20));
    const handle = await start({ cells: 120, batchSize: 10, window: 3, maxHistoryEvents: 15 });
    expect(await handle.result()).toMatchObject({ answered: 120, unfinished: 0, usage: { llmCalls: 120 } });
    expect(workers.executed).toHaveLength(12);
    const chain = await historyOf(client, handle.workflowId);
    expect(chain.runs).toBeGreaterThan(2);
  });

  it('stops every batch when it is cancelled, also those that an earlier run started', async () => {
    const freeze = (from: number) => from >= 30;
    workers.script(({ from }, context) => (freeze(from) ? context.cancelled : pause(10)));
    const handle = await start({ cells: 200, batchSize: 10, window: 3, maxHistoryEvents: 15 });
    await expect.poll(() => workers.running(), patience).toBe(3);
    await handle.cancel();
    const error = await handle.result().catch((thrown: unknown) => thrown);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(workers.running()).toBe(0);
    expect(workers.executed).toHaveLength(6);
    await expect.poll(() => openWorkflows(parts), patience).toBe(0);
  });

  it('takes a batch whose report was lost from the store, and runs it again if it is not there', async () => {
    let held = true;
    workers.script(({ from }, context) => (from > 0 && held ? context.cancelled : pause(1)));
    const handle = await start({ cells: 30, batchSize: 10, window: 3 });
    await expect.poll(() => workers.running(), patience).toBe(2);
    workers.stored.add(10);
    held = false;
    for (const batch of [1, 2])
      await client.workflow.getHandle(`${handle.workflowId}/batch-${batch}`).terminate();
    expect(await handle.result()).toMatchObject({ answered: 30, unfinished: 0 });
    expect(workers.executed.filter((from) => from === 10)).toHaveLength(1);
    expect(workers.executed.filter((from) => from === 20)).toHaveLength(2);
  });

  it('asks the store about batches of an earlier run that stay silent', async () => {
    let held = true;
    workers.script(({ from }, context) => (from === 20 && held ? context.cancelled : pause(1)));
    const handle = await start({ cells: 60, batchSize: 10, window: 2, maxHistoryEvents: 15, quiet: 1_000 });
    await expect.poll(() => workers.executed.length, patience).toBe(6);
    held = false;
    await client.workflow.getHandle(`${handle.workflowId}/batch-2`).terminate();
    expect(await handle.result()).toMatchObject({ answered: 60, unfinished: 0 });
    expect(workers.executed.filter((from) => from === 20)).toHaveLength(2);
  });

  it('ends with the failure of a batch, and stops the others', async () => {
    workers.script(({ from }, context) => {
      if (from === 10) throw ApplicationFailure.nonRetryable('the key is refused', 'Llm.Unauthorized');
      return context.cancelled;
    });
    const handle = await start({ cells: 100, batchSize: 10, window: 3 });
    const error = await handle.result().catch((thrown: unknown) => thrown);
    expect((error as WorkflowFailedError).cause).toMatchObject({
      type: 'Llm.Unauthorized',
      message: 'the key is refused',
    });
    expect(workers.running()).toBe(0);
  });

  it('starts no further batch once the budget is spent', async () => {
    workers.script(async ({ from }) => (from === 10 ? { answered: 4, budgetSkipped: 6 } : {}));
    const handle = await start({ cells: 200, batchSize: 10, window: 1 });
    expect(await handle.result()).toMatchObject({ answered: 14, budgetSkipped: 6, unfinished: 186 });
    expect(workers.executed).toEqual([0, 10]);
  });

  it('takes over batches that a terminated parent left running', async () => {
    let held = true;
    const release = new Set<() => void>();
    workers.script(async () => {
      if (held) await new Promise<void>((resolve) => release.add(resolve));
      return {};
    });
    const first = await start({ cells: 20, batchSize: 10, window: 2 });
    await expect.poll(() => workers.running(), patience).toBe(2);
    await first.terminate();
    const second = await start({ cells: 20, batchSize: 10, window: 2 }, first.workflowId);
    const progress = () => second.query<{ open: string[] }>('progress');
    await expect.poll(async () => (await progress()).open, patience).toHaveLength(2);
    held = false;
    for (const go of release) go();
    expect(await second.result()).toMatchObject({ answered: 20, unfinished: 0 });
    expect(workers.executed).toHaveLength(2);
  });

  it('writes few events, however many cells', async () => {
    const handle = await start({ cells: 2_000 });
    expect(await handle.result()).toMatchObject({ answered: 2_000 });
    const ids = [
      handle.workflowId,
      ...Array.from({ length: 4 }, (_, n) => `${handle.workflowId}/batch-${n}`),
    ];
    const histories = await Promise.all(ids.map((id) => historyOf(client, id)));
    const sum = (pick: 'events' | 'bytes') => histories.reduce((total, history) => total + history[pick], 0);
    expect(sum('events') / 2).toBeLessThan(150);
    expect(sum('bytes') / 2_000).toBeLessThan(50);
  });
});

async function openWorkflows({ client, taskQueue }: MatrixParts): Promise<number | undefined> {
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  const { count } = await client.workflowService.countWorkflowExecutions({ namespace: 'default', query });
  return count?.toNumber();
}

async function pause(ms: number): Promise<object> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return {};
}
