/** Big payloads on a real Temporal server: history stays small, and a worker that comes later finds all of them. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../activities/storage/database.ts';
import { createDataConverter } from '../../../activities/storage/payload-storage.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { freshDatabase, freshTaskQueue, temporal } from '../../support/environment.ts';
import { bigSignal, carryPayloads, carryTooMuch } from './payload-workflows.ts';

const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });
let workflowBundle: WorkflowBundle;

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('payload-workflows.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
});

const megabyte = 1024 * 1024;
const bigText = (): string => randomBytes((5 * megabyte) / 2).toString('hex');

const activities = {
  double: async (text: string) => text + text,
  async remember(text: string) {
    const context = Context.current();
    const carried: unknown = context.info.heartbeatDetails;
    if (typeof carried === 'string') return carried;
    context.heartbeat(text);
    // The heartbeat goes out in the background; the failure must not overtake it.
    await context.sleep(1_000);
    throw new Error('the first attempt is lost');
  },
  tooLarge: async () => 'x'.repeat(65 * megabyte),
};

async function createWorker(taskQueue: string, database: Database, codec: PayloadCodec): Promise<Worker> {
  return Worker.create({
    connection: await NativeConnection.connect({ address: temporal.address() }),
    taskQueue,
    activities,
    workflowBundle,
    dataConverter: createDataConverter(database, { payloadCodecs: [codec] }),
    maxCachedWorkflows: 0,
  });
}

/** The user's own codec, which must go on working. */
function countingCodec(): PayloadCodec & { encoded: number } {
  return {
    encoded: 0,
    async encode(payloads) {
      this.encoded += payloads.length;
      return payloads.map((payload) => ({
        ...payload,
        metadata: { ...payload.metadata, seen: new Uint8Array([1]) },
      }));
    },
    decode: async (payloads) => payloads,
  };
}

test('5 MB through input, signal, activities, heartbeat and result; a restarted worker on its own connection reads them', async () => {
  await using fresh = await freshDatabase();
  const codec = countingCodec();
  const connection = await Connection.connect({ address: temporal.address() });
  const dataConverter = createDataConverter(fresh.database, { payloadCodecs: [codec] });
  const client = new Client({ connection, dataConverter });
  const taskQueue = freshTaskQueue();
  const [input, signalled] = [bigText(), bigText()];
  const workflowId = freshTaskQueue();
  const handle = await client.workflow.start(carryPayloads, { args: [input], taskQueue, workflowId });

  const first = await createWorker(taskQueue, fresh.database, codec);
  await first.runUntil(async () => {
    await expect
      .poll(async () => (await handle.describe()).historyLength, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(4);
  });
  await handle.signal(bigSignal, signalled);

  const later = openDatabase(fresh.url);
  const second = await createWorker(taskQueue, later, codec);
  const result = await second.runUntil(handle.result());
  expect(result === `${input}${input}|${signalled}`).toBe(true);
  expect(codec.encoded).toBeGreaterThan(4);

  const { raw } = await handle.describe();
  expect(Number(raw.workflowExecutionInfo?.historySizeBytes)).toBeLessThan(64 * 1024);
  const { rows } = await sql<{ n: number; bytes: number }>`
    select count(*) as n, sum(length(data)) as bytes from payloads`.execute(later);
  // Input, signal and heartbeat (the same), doubled input, result.
  expect(rows[0]?.n).toBe(4);
  expect(rows[0]?.bytes).toBeGreaterThan(30 * megabyte);
  await later.destroy();
  await connection.close();
}, 180_000);

test('a payload over 64 MiB ends the activity at once with Payload.TooLarge', async () => {
  await using fresh = await freshDatabase();
  const codec = countingCodec();
  const connection = await Connection.connect({ address: temporal.address() });
  const client = new Client({ connection });
  const taskQueue = freshTaskQueue();
  const worker = await createWorker(taskQueue, fresh.database, codec);
  const ended = client.workflow.execute(carryTooMuch, { taskQueue, workflowId: freshTaskQueue() });
  const failed = worker.runUntil(ended);
  await expect(failed).rejects.toMatchObject({
    cause: { cause: { type: 'Payload.TooLarge', nonRetryable: true } },
  });
  await connection.close();
});
