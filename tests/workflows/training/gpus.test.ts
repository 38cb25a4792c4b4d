/** GPUs of one host: two runs never share one, who waits is shown who holds it, and a broken one is given to nobody. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { includeGpu, listGpus } from '../../../activities/training/gpus/registry.ts';
import { type StandIn, type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;
// Locks are the whole machine's.
const uuid = `GPU-${randomUUID()}`;

beforeAll(async () => {
  const gpus = [{ uuid, index: 0, name: 'NVIDIA H100 80GB HBM3', memoryGib: 80 }];
  parts = await trainingParts({ training: { hostSilentS: 20, gpus } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

async function start(name: string, recipe: Partial<StandIn> = {}) {
  await parts.addRecipe(name, { maxSteps: 20, saveSteps: 5, gpus: { count: 1 }, ...recipe });
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const seen = (name: string) => parts.progress(name).catch(() => undefined);
const holder = async () => {
  const [gpu] = await listGpus(parts.database);
  return gpu?.run ?? null;
};
const attempts = (name: string) =>
  parts.database
    .selectFrom('training_attempts')
    .select(['epoch', 'outcome', 'started_at'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();

it('gives a run its GPU, and the next one waits until the first is proved dead', async () => {
  const first = await start('gpu-first', { maxSteps: 2_000, stepS: 0.05 });
  await until(async () => (await seen('gpu-first'))?.done);
  expect(await parts.attemptFile('gpu-first', 1, 'spec.json')).toMatchObject({
    ...{ gpus: [uuid], env: { CUDA_VISIBLE_DEVICES: uuid } },
  });
  const second = await start('gpu-second');
  const waiting = await until(async () => {
    const progress = await seen('gpu-second');
    return progress?.cause?.includes('waits for a GPU') && progress;
  });
  expect(waiting).toMatchObject({ state: 'launching', stage: 'waits for a GPU' });
  expect(waiting.cause).toContain('held by training/gpu-first (attempt 1)');
  expect(waiting.training?.accepts).toEqual(expect.arrayContaining(['pause', 'abort']));
  expect(await attempts('gpu-second')).toEqual([]);
  expect(await holder()).toBe('training/gpu-first');

  await first.executeUpdate('abort', { args: [{ reason: 'a test' }] });
  await expect(first.result()).rejects.toMatchObject({ cause: { type: 'Training.Failed' } });
  expect(await second.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
  // The shim's word that the first one's whole tree is gone came before the second attempt was minted.
  const { endedAt } = await parts.attemptFile('gpu-first', 1, 'exit.json');
  const [later] = await attempts('gpu-second');
  expect(later?.started_at.getTime()).toBeGreaterThanOrEqual(Math.floor(1_000 * (endedAt as number)));
  expect(await holder()).toBeNull();
  const waits = await parts.database.selectFrom('training_gpu_waits').selectAll().execute();
  expect(waits).toEqual([]);
});

it('keeps the GPU of a run through a crash, and takes over its own after a termination', async () => {
  const crashed = await start('gpu-crash', {
    maxSteps: 10,
    faults: [{ at: 'step', step: 7, kind: 'kill', once: true }],
  });
  expect(await crashed.result()).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(await holder()).toBeNull();
  const handle = await start('gpu-again', { maxSteps: 60, stepS: 0.1 });
  await until(async () => (await seen('gpu-again'))?.done);
  await handle.terminate('a test');
  expect(await holder()).toBe('training/gpu-again');
  const again = await parts.start('gpu-again', { dataset: 'rows', recipe: 'gpu-again' });
  expect(await again.result()).toMatchObject({ state: 'succeeded' });
  expect((await attempts('gpu-again')).map(({ outcome }) => outcome)).toEqual(['superseded', 'completed']);
  expect(await holder()).toBeNull();
});

it('hides all GPUs from a run that asks for none', async () => {
  const handle = await start('gpu-none', { gpus: undefined as never });
  await handle.result();
  expect(await parts.attemptFile('gpu-none', 1, 'spec.json')).toMatchObject({
    ...{ gpus: [], env: { CUDA_VISIBLE_DEVICES: '' } },
  });
});

it.each([
  [{ count: 2 }, 'asks for 2 GPUs on one host'],
  [{ count: 1, type: 'A100' }, 'asks for 1 A100 GPU'],
  [{ count: 1, memoryGib: 141 }, 'asks for 1 GPU of 141 GiB'],
])('refuses %j, which no host has', async (gpus, words) => {
  const handle = await start(`gpu-refused-${gpus.count}-${Object.keys(gpus).at(-1)?.toLowerCase()}`, {
    gpus,
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'Input.Invalid', message: expect.stringContaining(words) },
  });
});

it('gives an excluded GPU to nobody, and parks when none is left; an operator admits it again', async () => {
  const handle = await start('gpu-broken', {
    ...{ maxSteps: 30, gpus: { count: 1, type: 'h100', memoryGib: 80 } },
    faults: [{ at: 'step', step: 12, kind: 'kill', once: true }],
    stepS: 0.1,
  });
  await until(async () => (await seen('gpu-broken'))?.done);
  await parts.database.updateTable('training_gpus').set({ excluded: 'Xid 79' }).execute();
  const parked = await until(async () => {
    const progress = await seen('gpu-broken');
    return progress?.state === 'needsOperator' && progress;
  });
  expect(parked.cause).toMatch(/^config\/noGpus: .*1 excluded|failed before/);
  expect(parked.training?.parked?.evidence).toContain('1 excluded (masgpt training gpus)');
  expect(await holder()).toBeNull();
  await includeGpu(parts.database, uuid);
  await handle.executeUpdate('resume');
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 2 });
});

it('ends a wait for a GPU with an abort, and leaves nothing behind', async () => {
  const first = await start('gpu-holder', { maxSteps: 2_000, stepS: 0.05 });
  await until(async () => (await seen('gpu-holder'))?.done);
  const waiter = await start('gpu-waiter');
  await until(async () => (await seen('gpu-waiter'))?.cause?.includes('waits for a GPU'));
  await waiter.executeUpdate('abort', { args: [{ reason: 'not worth the wait' }] });
  await expect(waiter.result()).rejects.toMatchObject({ cause: { type: 'Training.Failed' } });
  const other = await start('gpu-cancelled');
  await until(async () => (await seen('gpu-cancelled'))?.cause?.includes('waits for a GPU'));
  await other.cancel();
  await expect(other.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect(await holder()).toBe('training/gpu-holder');
  await first.cancel();
  await expect(first.result()).rejects.toThrow();
  expect(await holder()).toBeNull();
  expect(await attempts('gpu-waiter')).toEqual([]);
  // Whoever released the GPU found that these no longer wait.
  const waits = await parts.database.selectFrom('training_gpu_waits').selectAll().execute();
  expect(waits).toEqual([]);
});
