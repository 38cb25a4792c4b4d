/** What people are told of a living attempt comes to their webhook, and nothing else happens to it. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { productScript } from '../../../clients/dev/product-script.ts';
import type { OperatorNotice } from '../../../workflows/training/contract.ts';
import { startWorkerProcess, type WorkerProcess } from '../../support/run-workers.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';
import type { Pace, Paced } from '../../support/watched-attempts.ts';

const paced = fileURLToPath(new URL('../../support/paced-trainer.py', import.meta.url));
const script = fileURLToPath(new URL('../../support/training-workers.ts', import.meta.url));

let parts: TrainingParts;
let workers: AsyncDisposable;
let host: WorkerProcess;
let server: Server;
const received: OperatorNotice[] = [];

/** A process of its own, for it is killed. */
function startHost(): Promise<WorkerProcess> {
  const [flag, tsx] = productScript('workers/main.ts') as [string, string];
  const options = { ...parts.workerOptions, queues: ['gpu', 'host'] };
  return startWorkerProcess([flag, tsx, script, JSON.stringify(options)]);
}

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
  process.env['TEST_TOLD_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const notify = { ops: { urlEnv: 'TEST_TOLD_URL', allowPrivate: true } };
  const gpus = [{ uuid: `GPU-${randomUUID()}`, index: 0, name: 'a GPU' }];
  parts = await trainingParts({ training: { notify, hostSilentS: 600, gpus, gpuWaitS: 1 } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers({ queues: ['workflows'] });
  host = await startHost();
}, 300_000);

afterAll(async () => {
  await host?.kill('SIGKILL');
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
  server?.close();
});

async function start(name: string, { maxSteps = 60, phaseLimitS, ...options }: Paced) {
  const recipe = {
    ...{ kind: 'command', v: 1, maxSteps, saveSteps: 1_000, graceS: 1, hangFloorS: 20, options },
    ...(phaseLimitS ? { phaseLimitS } : {}),
    command: ['/usr/bin/env', 'python3', paced],
    checkpointFiles: ['state.json'],
  };
  await writeFile(join(parts.home, 'recipes', `${name}.yaml`), stringify(recipe));
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const told = (name: string) =>
  received.filter(({ run, event }) => run === `training/${name}` && event !== 'succeeded');

const each = (steps: readonly number[], pace: (at: number) => Omit<Pace, 'at'>): readonly Pace[] =>
  steps.map((at) => ({ at, ...pace(at) }));
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

it.each<[OperatorNotice['event'], Paced, RegExp]>([
  [
    'straggler',
    { ranks: 2, maxSteps: 60, paces: each(upTo(60), () => ({ kind: 'sleep', rank: 1, s: 0.1 })) },
    /rank 1 takes/,
  ],
  [
    'diverged',
    {
      ...{ maxSteps: 80, stepS: 0.05 },
      paces: each(upTo(80), (at) => ({ kind: 'loss', loss: at < 30 ? 1 : 40, gradNorm: 1 })),
    },
    /the loss has risen/,
  ],
  [
    'slow',
    {
      ...{ maxSteps: 12, phaseLimitS: { start: 60, step: 2, save: 60, eval: 60 } },
      paces: [{ at: 10, kind: 'work', s: 12 }],
    },
    /its processes work/,
  ],
  [
    'lowDisk',
    { maxSteps: 200, stepS: 0.1, paces: [{ at: 5, kind: 'claim', bytes: 2 ** 49 }] },
    /bytes are free, the next checkpoint needs/,
  ],
])(
  '%s',
  async (event, options, words) => {
    const name = `told-${event.toLowerCase()}`;
    const handle = await start(name, options);
    expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
    await until(async () => told(name).length > 0);
    expect(told(name).map((notice) => notice.event)).toEqual([event]);
    expect(told(name)[0]).toMatchObject({
      ...{ v: 1, workflowId: handle.workflowId, state: 'running', cause: event },
      text: expect.stringMatching(words),
    });
  },
  180_000,
);

it('supervisorLost, when the worker is killed and another one re-attaches', async () => {
  const handle = await start('told-lost', { maxSteps: 20_000, stepS: 0.1 });
  await until(async () => (await parts.progress('told-lost').catch(() => undefined))?.done);
  await host.kill('SIGKILL');
  host = await startHost();
  await until(async () => told('told-lost').length > 0);
  expect(told('told-lost').map(({ event }) => event)).toEqual(['supervisorLost']);
  expect((await parts.progress('told-lost')).training?.attempts).toHaveLength(1);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
}, 180_000);

it('noGpu, once, when a run waits for a GPU for long', async () => {
  await parts.addRecipe('told-holder', { maxSteps: 400, saveSteps: 50, stepS: 0.05, gpus: { count: 1 } });
  await parts.addRecipe('told-waiter', { maxSteps: 5, saveSteps: 5, gpus: { count: 1 } });
  const holder = await parts.start('told-holder', { dataset: 'rows', recipe: 'told-holder' });
  await until(async () => (await parts.progress('told-holder').catch(() => undefined))?.done);
  const waiter = await parts.start('told-waiter', { dataset: 'rows', recipe: 'told-waiter' });
  await until(async () => told('told-waiter').length > 0);
  expect(told('told-waiter')[0]).toMatchObject({
    ...{ event: 'noGpu', state: 'launching' },
    text: expect.stringContaining('held by training/told-holder (attempt 1)'),
  });
  await holder.cancel();
  await expect(holder.result()).rejects.toThrow();
  expect(await waiter.result()).toMatchObject({ state: 'succeeded' });
  expect(told('told-waiter')).toHaveLength(1);
}, 180_000);
