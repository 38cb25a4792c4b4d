/** Hosts that do not answer: unknown is not dead. People are told, and say what is lost; a host that comes back goes on. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordHistory } from '../../support/record-history.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts({ training: { hostSilentS: 1 } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers({ queues: ['workflows'] });
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

const workersOf = (host: string) =>
  parts.startWorkers({ queues: ['gpu', 'host'], training: { host, hostSilentS: 1 } });

const silent = (name: string) =>
  until(async () => {
    const progress = await parts.progress(name).catch(() => undefined);
    return progress?.cause?.includes('no worker answers on host') && progress;
  });

const attempts = async (name: string) => {
  const rows = await parts.database
    .selectFrom('training_attempts')
    .select(['host', 'outcome'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();
  return rows.map(({ host, outcome }) => [host, outcome]);
};

it('watches on when the host comes back, without another attempt', async () => {
  let host = await workersOf('alpha');
  await parts.addRecipe('back', { maxSteps: 60, saveSteps: 20, stepS: 0.2 });
  const handle = await parts.start('back', { dataset: 'rows', recipe: 'back' });
  await until(async () => (await parts.progress('back').catch(() => undefined))?.done);
  await host[Symbol.asyncDispose]();
  const { training, state } = await silent('back');
  expect(state).toBe('running');
  expect(training?.accepts).toContain('declareLost');
  host = await workersOf('alpha');
  const result = await handle.result();
  expect(result).toMatchObject({ state: 'succeeded', attempts: 1 });
  expect(await attempts('back')).toEqual([['alpha', 'completed']]);
  await host[Symbol.asyncDispose]();
});

it('goes on elsewhere once a person declares the attempt lost, with who and why', async () => {
  let host = await workersOf('beta');
  await parts.addRecipe('lost', { maxSteps: 60, saveSteps: 5, stepS: 0.2 });
  const handle = await parts.start('lost', { dataset: 'rows', recipe: 'lost' });
  await until(
    async () => (await parts.progress('lost').catch(() => undefined))?.training?.checkpoints.length,
  );
  const { trainerPid } = await parts.attemptFile('lost', 1, 'attempt.json');
  await host[Symbol.asyncDispose]();
  await silent('lost');
  host = await workersOf('gamma');
  const lost = (epoch: number) =>
    handle.executeUpdate('declareLost', { args: [{ epoch, reason: 'the machine is gone', by: 'Ada' }] });
  await expect(lost(2)).rejects.toMatchObject({ cause: { message: expect.stringContaining('silent is 1') } });
  expect(await attempts('lost')).toEqual([['beta', null]]);
  await lost(1);
  const result = await handle.result();
  expect(result).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(await attempts('lost')).toEqual([
    ['beta', 'nodeLost'],
    ['gamma', 'completed'],
  ]);
  // Both "hosts" are this machine, where the shim saw the higher epoch.
  expect(() => process.kill(trainerPid as number, 0)).toThrow('ESRCH');
  const { training } = await parts.progress('lost');
  expect(training?.operations).toMatchObject([
    { update: 'declareLost', by: 'Ada', why: 'the machine is gone' },
  ]);
  await recordHistory(parts.client, handle.workflowId, 'training-host-lost');
  await host[Symbol.asyncDispose]();
});

it('starts nothing while an older attempt on another host is not proved dead; that host proves it when it is back', async () => {
  let host = await workersOf('delta');
  await parts.addRecipe('unproved', { maxSteps: 60, saveSteps: 5, stepS: 0.2 });
  const first = await parts.start('unproved', { dataset: 'rows', recipe: 'unproved' });
  await until(async () => (await parts.progress('unproved').catch(() => undefined))?.done);
  await host[Symbol.asyncDispose]();
  await first.terminate('a test');
  const other = await workersOf('epsilon');
  const again = await parts.start('unproved', { dataset: 'rows', recipe: 'unproved' });
  const { state } = await silent('unproved');
  expect(state).toBe('launching');
  expect(await attempts('unproved')).toEqual([['delta', null]]);
  host = await workersOf('delta');
  expect(await again.result()).toMatchObject({ state: 'succeeded' });
  expect((await attempts('unproved'))[0]).toEqual(['delta', 'superseded']);
  await host[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});
