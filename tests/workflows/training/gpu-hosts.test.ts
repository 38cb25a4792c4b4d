/** Several hosts with GPUs: a run goes to the one that has a free one; a lost host keeps its lease until it can say that nothing lives. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listGpus } from '../../../activities/training/gpus/registry.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;
const hosts = new Map<string, AsyncDisposable>();
const uuids = { left: `GPU-${randomUUID()}`, right: `GPU-${randomUUID()}` };

async function startHost(host: keyof typeof uuids): Promise<void> {
  const gpus = [{ uuid: uuids[host], index: 0, name: 'a GPU' }];
  const training = { host, gpus, hostSilentS: 5 };
  hosts.set(host, await parts.startWorkers({ queues: ['gpu', 'host'], training }));
}

async function stopHost(host: keyof typeof uuids): Promise<void> {
  await hosts.get(host)?.[Symbol.asyncDispose]();
  hosts.delete(host);
}

beforeAll(async () => {
  parts = await trainingParts({ training: { hostSilentS: 5, gpus: [] } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  await parts.addRecipe('long', { maxSteps: 20_000, saveSteps: 10, stepS: 0.1, gpus: { count: 1 } });
  await parts.addRecipe('short', { maxSteps: 10, saveSteps: 5, gpus: { count: 1 } });
  workers = await parts.startWorkers({ queues: ['workflows'] });
  for (const host of ['left', 'right'] as const) await startHost(host);
  await until(async () => (await listGpus(parts.database)).length === 2);
}, 300_000);

afterAll(async () => {
  for (const host of hosts.values()) await host[Symbol.asyncDispose]();
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

const seen = (name: string) => parts.progress(name).catch(() => undefined);
const holders = async () =>
  Object.fromEntries((await listGpus(parts.database)).map(({ host, run }) => [host, run]));

it('sends each of two runs to a host of its own, and a third waits for either', async () => {
  const runs = await Promise.all(
    ['one', 'two'].map((name) => parts.start(name, { dataset: 'rows', recipe: 'long' })),
  );
  for (const name of ['one', 'two']) await until(async () => (await seen(name))?.done);
  const held = Object.values(await holders());
  expect(new Set(held)).toEqual(new Set(['training/one', 'training/two']));
  const third = await parts.start('three', { dataset: 'rows', recipe: 'short' });
  const waiting = await until(async () => {
    const progress = await seen('three');
    return progress?.cause?.includes('waits for a GPU') && progress;
  });
  for (const name of ['one', 'two']) expect(waiting.cause).toContain(`held by training/${name}`);
  await runs[0]?.cancel();
  expect(await third.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
  await runs[1]?.cancel();
  for (const run of runs) await expect(run.result()).rejects.toThrow();
}, 240_000);

it('gives the GPU of an attempt that was declared lost to nobody, until its host is back', async () => {
  await stopHost('right');
  const lost = await parts.start('lost', { dataset: 'rows', recipe: 'long' });
  await until(async () => (await seen('lost'))?.training?.checkpoints.length);
  await stopHost('left');
  await startHost('right');
  await until(async () => (await seen('lost'))?.cause?.includes('no worker answers on host left'));
  await lost.executeUpdate('declareLost', { args: [{ epoch: 1, reason: 'the machine is gone' }] });
  await until(async () => (await holders())['right'] === 'training/lost');
  expect(await holders()).toEqual({ left: 'training/lost', right: 'training/lost' });
  const waiter = await parts.start('after', { dataset: 'rows', recipe: 'short' });
  await until(async () => (await seen('after'))?.cause?.includes('waits for a GPU'));
  await startHost('left');
  // The next one that asks there has the dead attempt's GPU; both "hosts" are this machine, whose shim saw the higher epoch.
  const next = await parts.start('next', { dataset: 'rows', recipe: 'short' });
  expect(await next.result()).toMatchObject({ state: 'succeeded' });
  expect(await waiter.result()).toMatchObject({ state: 'succeeded' });
  await lost.cancel();
  await expect(lost.result()).rejects.toThrow();
}, 240_000);
