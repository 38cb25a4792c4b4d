/** pause, resume, tune, the end of its time, and what is done already, on a real server: cached, replayed at every step, continued as new. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSteering } from '../../../clients/steer-run.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { historyOf } from '../../support/history.ts';
import { type MatrixParts, matrixParts, type MatrixWorkers } from './matrix-workers.ts';
import type { MatrixInput } from './matrix-workflows.ts';

const patience = { timeout: 60_000 };
vi.setConfig({ testTimeout: 180_000 });

describe.each([
  ['cached', {}],
  ['replayed at every step', { maxCachedWorkflows: 0 }],
])('%s', (_mode, options) => {
  let parts: MatrixParts;
  let workers: MatrixWorkers;
  /** Batches wait here until they are let go. */
  let held: (() => void)[];
  const release = (): void => {
    for (const go of held.splice(0)) go();
  };
  /** The batch `from` is cut short when the run is told to hold, as runExecutions does. */
  const cutWhenHeld = async (): Promise<object> => {
    await new Promise<void>((resolve) => held.push(resolve));
    return workers.steered.at(-1)?.held ? { answered: 4, heldBack: 6, usage: callsOf(4) } : {};
  };

  beforeAll(async () => {
    parts = await matrixParts(options);
    ({ workers } = parts);
  });
  beforeEach(() => {
    workers.reset();
    held = [];
  });
  afterAll(() => parts?.[Symbol.asyncDispose]());

  const start = async (input: Omit<MatrixInput, 'plan'>) => {
    const handle = await parts.start({ rules: 4, ...input });
    const name = handle.workflowId.replace(/^evaluation\//, '');
    const run = createSteering(parts.client, 'evaluation');
    return {
      ...{ handle, name },
      pause: () => run.pause(name),
      resume: () => run.resume(name),
      tune: (tune: object) => run.tune(name, tune),
      progress: () => handle.query<Progress>('progress'),
    };
  };

  it('pauses: batches in flight are cut short, none begins; resumed, each is done once', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ cells: 60, batchSize: 10, window: 2 });
    await expect.poll(() => held.length, patience).toBe(2);
    expect(await run.pause()).toEqual({ paused: true, window: 2 });
    expect(workers.steered).toMatchObject([{ version: 1, held: true }]);
    release();
    await expect.poll(async () => (await run.progress()).open, patience).toEqual([]);
    expect(await run.progress()).toMatchObject({ state: 'paused', done: 8, total: 60 });
    expect(workers.executed).toHaveLength(2);

    workers.script(async () => ({}));
    expect(await run.resume()).toEqual({ paused: false, window: 2 });
    expect(await run.handle.result()).toMatchObject({
      ...{ answered: 60, unfinished: 0 },
      usage: { llmCalls: 60 },
    });
    expect(workers.executed.toSorted((a, b) => a - b)).toEqual([0, 0, 10, 10, 20, 30, 40, 50]);
    expect(workers.steered).toMatchObject([{ held: true }, { version: 2, held: false }]);
  });

  it('waits for batches that have reported and are still ending, when it is resumed at once', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ run: 'evaluation/lingering', cells: 40, batchSize: 10, window: 2 });
    await expect.poll(() => held.length, patience).toBe(2);
    await run.pause();
    release();
    await expect.poll(async () => (await run.progress()).open, patience).toEqual([]);
    workers.script(async () => ({}));
    await run.resume();
    expect(await run.handle.result()).toMatchObject({ answered: 40, unfinished: 0 });
    expect(workers.executed.toSorted((a, b) => a - b)).toEqual([0, 0, 10, 10, 20, 30]);
  });

  it('tunes the window and the executions at once, and keeps both over continue-as-new', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ cells: 300, batchSize: 10, window: 1, maxHistoryEvents: 20 });
    await expect.poll(() => held.length, patience).toBe(1);
    expect(await run.tune({ window: 5, executionsAtOnce: 7 })).toEqual({
      ...{ paused: false, window: 5, executionsAtOnce: 7 },
    });
    await expect.poll(() => held.length, patience).toBe(5);
    expect(workers.steered).toMatchObject([{ version: 1, held: false, executionsAtOnce: 7 }]);
    workers.script(async () => ({}));
    release();
    await expect.poll(() => workers.executed.length, patience).toBeGreaterThan(12);
    workers.script(cutWhenHeld);
    await expect.poll(() => held.length, patience).toBe(5);
    await run.pause();
    release();
    await expect.poll(async () => (await run.progress()).open, patience).toEqual([]);
    workers.script(async () => ({}));
    expect(await run.resume()).toEqual({ paused: false, window: 5, executionsAtOnce: 7 });
    expect(await run.handle.result()).toMatchObject({ answered: 300, unfinished: 0 });
    expect(new Set(workers.executed).size).toBe(30);
    expect((await historyOf(parts.client, run.handle.workflowId)).runs).toBeGreaterThan(2);
  });

  it('refuses what makes no sense, and takes no update once it is over', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ cells: 10, batchSize: 10 });
    await expect.poll(() => held.length, patience).toBe(1);
    await expect(run.resume()).rejects.toMatchObject({ message: 'the run is not paused' });
    await expect(run.tune({})).rejects.toThrow(/window/);
    for (const bad of [{ window: 0 }, { window: 65 }, { executionsAtOnce: 1.5 }, { speed: 9 }])
      await expect(run.tune(bad)).rejects.toMatchObject({ type: 'Input.Invalid' });
    await run.pause();
    await expect(run.pause()).rejects.toMatchObject({ message: 'the run is paused already' });
    await run.resume();
    release();
    await run.handle.result();
    await expect(run.pause()).rejects.toMatchObject({ type: 'Input.NotFound' });
    expect(workers.steered).toHaveLength(2);
  });

  it('is cancelled while it is paused', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ cells: 100, batchSize: 10, window: 2 });
    await expect.poll(() => held.length, patience).toBe(2);
    await run.pause();
    release();
    await expect.poll(async () => (await run.progress()).open, patience).toEqual([]);
    await run.handle.cancel();
    await expect(run.handle.result()).rejects.toThrow();
    expect(workers.executed).toHaveLength(2);
  });

  it('ends when its time is over: what is under way ends, what it did counts', async () => {
    workers.script(cutWhenHeld);
    const run = await start({ cells: 100, batchSize: 10, window: 2, maxWallMinutes: 0.02 });
    await expect.poll(() => workers.steered.length, patience).toBe(1);
    await expect.poll(() => held.length, patience).toBe(2);
    release();
    expect(await run.handle.result()).toMatchObject({
      ...{ answered: 8, unfinished: 92, usage: { llmCalls: 8 } },
      spent: 'its 0.02 minutes (maxWallMinutes) are over',
    });
    expect(workers.executed).toHaveLength(2);
  });

  it('starts no batch that is done, and counts what is in it', async () => {
    for (const from of [0, 20, 30, 90]) workers.stored.add(from);
    const run = await start({ cells: 100, batchSize: 10, window: 3 });
    expect(await run.handle.result()).toMatchObject({
      answered: 100,
      unfinished: 0,
      usage: { llmCalls: 60 },
    });
    expect(workers.executed.toSorted((a, b) => a - b)).toEqual([10, 40, 50, 60, 70, 80]);
    expect(workers.surveyed).toHaveLength(10);
  });

  it('looks a large matrix up in parts', async () => {
    for (let from = 0; from < 2_500; from += 10) if (from !== 1_500) workers.stored.add(from);
    const run = await start({ cells: 2_500, batchSize: 10 });
    expect(await run.handle.result()).toMatchObject({ answered: 2_500, usage: { llmCalls: 10 } });
    expect(workers.executed).toEqual([1_500]);
    expect(workers.surveyed).toHaveLength(250);
    expect((await historyOf(parts.client, run.handle.workflowId)).events).toBeLessThan(60);
  });
});

function callsOf(llmCalls: number) {
  return { llmCalls, tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 };
}
