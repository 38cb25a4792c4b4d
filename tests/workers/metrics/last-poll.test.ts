/** The worker's Prometheus endpoint: when it last asked the real server for work. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerLastPoll } from '../../../workers/metrics/last-poll.ts';
import { serveMetrics, type ServedMetrics } from '../../../workers/metrics/serve-metrics.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';

const metric = 'masgpt_worker_last_poll_timestamp_seconds';

let connection: NativeConnection;
let served: ServedMetrics;
const queue = freshTaskQueue();
const identity = `tester@${queue}`;

beforeAll(async () => {
  connection = await NativeConnection.connect({ address: temporal.address() });
  const registry = new Registry();
  const queues = [queue, freshTaskQueue()];
  registerLastPoll(registry, { service: connection.workflowService, namespace: 'default', queues, identity });
  served = await serveMetrics(registry, '127.0.0.1:0');
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await connection?.close();
});

const scrape = async (): Promise<string> => (await fetch(served.url)).text();

/** Of a queue; undefined where there is none. */
async function lastPoll(name: string): Promise<number | undefined> {
  const line = (await scrape()).split('\n').find((text) => text.startsWith(`${metric}{queue="${name}"}`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

it('says when a worker last asked, and leaves out queues where none did', async () => {
  expect(await lastPoll(queue)).toBeUndefined();
  const activities = { nothing: async () => {} };
  const beganS = Date.now() / 1_000;
  const worker = await Worker.create({ connection, taskQueue: queue, identity, activities });
  await worker.runUntil(async () => {
    await expect.poll(() => lastPoll(queue), { timeout: 30_000 }).toBeDefined();
  });
  const last = (await lastPoll(queue)) ?? 0;
  expect(last).toBeGreaterThan(beganS - 5);
  expect(last).toBeLessThan(Date.now() / 1_000 + 5);
  expect((await scrape()).match(new RegExp(`^${metric}\\{`, 'gm'))).toHaveLength(1);
});

it('does not count another worker of the same queue', async () => {
  const registry = new Registry();
  const queues = [queue];
  registerLastPoll(registry, {
    service: connection.workflowService,
    namespace: 'default',
    queues,
    identity: 'x',
  });
  expect(await registry.metrics()).not.toContain(`${metric}{`);
});

it('serves its metrics and nothing else', async () => {
  const answer = await fetch(served.url);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  for (const path of ['/', '/etc/passwd', '/metrics/..', '/metricsx'])
    expect((await fetch(new URL(path, served.url))).status).toBe(404);
  expect((await fetch(served.url, { method: 'POST' })).status).toBe(404);
});
