/** Unknown is not dead: nothing is started, nothing is killed, people are told, and an operator may decide. */
import { rename } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OperatorNotice } from '../../../workflows/training/contract.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;
let server: Server;
const received: OperatorNotice[] = [];
const training = () => ({
  hostSilentS: 1,
  notify: { ops: { urlEnv: 'TEST_UNKNOWN_URL', allowPrivate: true } },
});

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push(JSON.parse(body) as OperatorNotice);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  process.env['TEST_UNKNOWN_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  parts = await trainingParts({ training: training() });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers({ queues: ['workflows'] });
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
  server?.close();
});

const seen = (name: string) => parts.progress(name).catch(() => undefined);
const told = (name: string) =>
  received.filter(({ run }) => run === `training/${name}`).map(({ event }) => event);
const attempts = (name: string) =>
  parts.database
    .selectFrom('training_attempts')
    .select(['epoch', 'host', 'outcome'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();

const workersOf = (host: string) =>
  parts.startWorkers({ queues: ['gpu', 'host'], training: { ...training(), host } });

it('starts nothing when a watch is retried on another machine, which says that it does not know', async () => {
  const own = await workersOf('here');
  await parts.addRecipe('watched', { maxSteps: 400, saveSteps: 20, stepS: 0.05 });
  const handle = await parts.start('watched', { dataset: 'rows', recipe: 'watched' });
  await until(async () => (await seen('watched'))?.done);
  const { trainerPid } = await parts.attemptFile('watched', 1, 'attempt.json');
  await own[Symbol.asyncDispose]();
  // It takes the tasks of the first one's queue, and is neither that host nor that machine.
  const other = await parts.startWorkers({
    ...{ queues: ['gpu', 'host'], hostQueue: 'here', bootId: 'another-boot' },
    training: { ...training(), host: 'elsewhere' },
  });
  const unknown = await until(async () => {
    const progress = await seen('watched');
    return progress?.cause?.includes('it is unknown whether attempt 1 lives') && progress;
  });
  expect(unknown.cause).toContain('watched:1 is on here');
  expect(unknown.state).toBe('running');
  expect(unknown.training?.accepts).toContain('declareLost');
  await until(async () => told('watched').includes('hostSilent'));
  expect(await attempts('watched')).toEqual([{ epoch: 1, host: 'here', outcome: null }]);
  expect(() => process.kill(trainerPid as number, 0)).not.toThrow();
  await other[Symbol.asyncDispose]();
  const back = await workersOf('here');
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
  expect(await attempts('watched')).toEqual([{ epoch: 1, host: 'here', outcome: 'completed' }]);
  expect(await parts.attemptFile('watched', 1, 'attempt.json')).toMatchObject({ trainerPid });
  await back[Symbol.asyncDispose]();
});

it('tells people of a launch that nobody can make, and lets them pause it until it can be made', async () => {
  const own = await workersOf('stuck-host');
  await parts.addRecipe('stuck', { maxSteps: 200, saveSteps: 5, stepS: 0.05 });
  const handle = await parts.start('stuck', { dataset: 'rows', recipe: 'stuck' });
  await until(async () => (await seen('stuck'))?.training?.checkpoints.length);
  await handle.executeUpdate('pause');
  await until(async () => (await seen('stuck'))?.state === 'paused');
  const manifests = join(parts.home, 'training', 'stuck', 'manifests');
  // As when a disk is not mounted.
  await rename(manifests, `${manifests}.away`);
  await handle.executeUpdate('resume');
  const stuck = await until(async () => {
    const progress = await seen('stuck');
    return progress?.cause?.includes('no attempt can start') && progress;
  });
  expect(stuck).toMatchObject({ state: 'launching', stage: 'waits' });
  expect(stuck.cause).toContain('has checkpoints, but not on this host');
  await until(async () => told('stuck').includes('launchStuck'));
  await handle.executeUpdate('pause');
  await until(async () => (await seen('stuck'))?.state === 'paused');
  await rename(`${manifests}.away`, manifests);
  await handle.executeUpdate('resume');
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 2 });
  const outcomes = (await attempts('stuck')).map(({ outcome }) => outcome);
  expect([outcomes.at(0), outcomes.at(-1)]).toEqual(['stopped', 'completed']);
  await own[Symbol.asyncDispose]();
});
