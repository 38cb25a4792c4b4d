/** Leases in the database, with real attempts: who gets a GPU, and what gives it back. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { declareLost } from '../../../../activities/training/end-attempt.ts';
import type { Gpu } from '../../../../activities/training/gpus/discover.ts';
import { gpusLeft, releaseUnstarted, settleLeases } from '../../../../activities/training/gpus/lease.ts';
import {
  excludeGpus,
  includeGpu,
  lackingWords,
  listGpus,
  registerGpus,
} from '../../../../activities/training/gpus/registry.ts';
import { launchAttempt } from '../../../../activities/training/launch.ts';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { mintAttempt } from '../../../../activities/training/mint-attempt.ts';
import { recipeSchema } from '../../../../activities/training/recipe.ts';
import { type WatchedAttempts, watchedAttempts } from '../../../support/watched-attempts.ts';

let attempts: WatchedAttempts;
let runs = 0;
let gpus: readonly Gpu[] = [];

beforeAll(async () => {
  attempts = await watchedAttempts();
});
afterAll(async () => attempts?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { database } = attempts;
  await database.deleteFrom('training_gpus').execute();
  const ids = [randomUUID(), randomUUID()];
  gpus = ids.map((id, index) => ({
    ...{ uuid: `GPU-${id}`, index, name: 'NVIDIA GeForce RTX 4090', memoryGib: 24 },
    pci: `0000:0${index + 1}:00`,
  }));
  await registerGpus(database, attempts.ports.host, gpus);
});

const endless = ['/usr/bin/python3', '-c', 'import time; time.sleep(3600)'];

async function planOf(count: number, command = endless) {
  const { blobs } = attempts.ports;
  const recipe = { kind: 'command', v: 1, maxSteps: 5, saveSteps: 5, graceS: 1, command, gpus: { count } };
  return {
    ...{ dataset: 'rows', recipe: 'endless', launcher: 'local', seed: 0, tenant: 'default', rows: 1 },
    maxSteps: 5,
    datasetSha256: await blobs.put('{"messages":[]}\n'),
    recipeSha256: await blobs.put(JSON.stringify(recipeSchema.parse(recipe))),
  };
}

/** Asks for GPUs in the name of a new run, here or on another host of the same machine. */
async function ask(count: number, run = `training/lease-${(runs += 1)}`, host = attempts.ports.host) {
  const plan = await planOf(count);
  const ports = { ...attempts.ports, host, gpus: host === attempts.ports.host ? gpus : [] };
  const mintedBy = `test:${run}:${randomUUID()}`;
  const minted = await mintAttempt(ports, { run, recipeSha256: plan.recipeSha256 }, mintedBy);
  return { minted, run, plan, mintedBy };
}

const holders = async () => (await listGpus(attempts.database)).map(({ run }) => run);

it('gives one GPU to one of many that ask at once', async () => {
  const asked = await Promise.all(Array.from({ length: 6 }, () => ask(1)));
  const got = asked.filter(({ minted }) => minted.kind === 'minted');
  expect(got).toHaveLength(2);
  expect(new Set(await holders())).toEqual(new Set(got.map(({ run }) => run)));
  const refused = asked.flatMap(({ minted }) => (minted.kind === 'noGpus' ? [minted] : []));
  expect(refused.every(({ ever, reason }) => ever && reason.includes('is held by training/lease-'))).toBe(
    true,
  );
});

it('gives all that is asked or nothing, and no epoch without them', async () => {
  await ask(1);
  const { minted, run } = await ask(2);
  expect(minted).toMatchObject({ kind: 'noGpus', ever: true });
  expect((await holders()).filter(Boolean)).toHaveLength(1);
  const rows = await attempts.database
    .selectFrom('training_attempts')
    .select('epoch')
    .where('run', '=', run)
    .execute();
  expect(rows).toEqual([]);
});

it('names the hosts that have enough free ones', async () => {
  await registerGpus(attempts.database, 'elsewhere', [
    { uuid: 'GPU-far', index: 0, name: 'NVIDIA GeForce RTX 4090', memoryGib: 24, pci: null },
  ]);
  await ask(2);
  expect((await ask(1)).minted).toMatchObject({ kind: 'noGpus', elsewhere: ['elsewhere'] });
  expect((await ask(2)).minted).toMatchObject({ kind: 'noGpus', elsewhere: [] });
});

it('holds the GPU of a living attempt, whatever an operator says, until its host proves it dead', async () => {
  const { minted, run, plan, mintedBy } = await ask(1);
  const launched = await launchAttempt(attempts.ports, { run, plan }, mintedBy);
  const epoch = minted.kind === 'minted' ? minted.epoch : 0;
  expect(launched).toMatchObject({ kind: 'launched', epoch, gpus: [gpus[0]?.uuid] });
  await declareLost(attempts.database, { run, epoch });
  expect(await settleLeases(attempts.ports)).toBe(0);
  // Another host has no word in it.
  expect(await settleLeases({ ...attempts.ports, host: 'elsewhere' })).toBe(0);
  expect(await holders()).toContain(run);
  await attempts.ports.launcher.stop(attemptLayout(attempts.ports.root, run, epoch), run, epoch, 0);
  // Whoever asks next finds it.
  expect((await ask(2)).minted).toMatchObject({ kind: 'minted' });
  expect(await holders()).not.toContain(run);
});

it('gives back what a launch held that came to nothing', async () => {
  const { run, mintedBy } = await ask(2);
  // It may still come.
  expect(await settleLeases(attempts.ports)).toBe(0);
  expect(await releaseUnstarted(attempts.ports, run, mintedBy)).toBe(2);
  const failed = await ask(1);
  const plan = await planOf(1, ['/nowhere/trainer']);
  await expect(
    launchAttempt(attempts.ports, { run: failed.run, plan }, failed.mintedBy),
  ).rejects.toMatchObject({ type: 'Training.LaunchFailed' });
  expect(await releaseUnstarted(attempts.ports, failed.run, failed.mintedBy)).toBe(1);
  expect(await holders()).toEqual([null, null]);
});

it('excludes the GPU that the kernel names, or all that an attempt held, and none of others', async () => {
  const { database } = attempts;
  const { host } = attempts.ports;
  const { minted, run } = await ask(2);
  const epoch = minted.kind === 'minted' ? minted.epoch : 0;
  const states = async () => (await listGpus(database)).map(({ excluded }) => excluded);
  expect(await gpusLeft(database, { run, epoch }, { count: 1 }, '0000:02:00')).toBe(1);
  expect(await gpusLeft(database, { run, epoch }, { count: 2 }, '0000:02:00')).toBe(0);
  expect(await gpusLeft(database, { run, epoch }, undefined, null)).toBeNull();
  await excludeGpus(database, { host, run, epoch: epoch + 1 }, { pci: '0000:02:00', reason: 'another' });
  expect(await states()).toEqual([null, null]);
  await excludeGpus(database, { host, run, epoch }, { pci: '0000:02:00', reason: 'Xid 79' });
  expect(await states()).toEqual([null, 'Xid 79']);
  expect(lackingWords(await listGpus(database), { count: 2 })).toContain('1 excluded');
  await excludeGpus(database, { host, run, epoch }, { pci: null, reason: 'an ECC error' });
  expect(await states()).toEqual(['an ECC error', 'Xid 79']);
  expect(await includeGpu(database, gpus[1]?.uuid ?? '')).toEqual([host]);
  expect(await states()).toEqual(['an ECC error', null]);
  expect(await includeGpu(database, 'GPU-unknown')).toEqual([]);
});

it('forgets no lease of a GPU that its host does not list for a while, and gives it to nobody', async () => {
  const { database, ports } = attempts;
  const { run } = await ask(1);
  await registerGpus(database, ports.host, gpus.slice(1));
  expect((await listGpus(database)).map(({ present, run: holder }) => [present, holder])).toEqual([
    [false, run],
    [true, null],
  ]);
  expect(lackingWords(await listGpus(database), { count: 2 })).toContain('has 1');
});
