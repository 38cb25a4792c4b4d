/** A plugin in somebody else's worker: it adds its activities, keeps what the user brought, and closes what it opened. */
import { Client, Connection } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { type ActivityInterceptorsFactory, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasClient } from '../../clients/client.ts';
import { AnswerPlugin } from '../../workers/answer-plugin.ts';
import { configSchema } from '../../workers/config/schema.ts';
import { bundleAnswer } from '../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../support/environment.ts';
import { type MasParts, masParts } from '../support/mas-parts.ts';

let parts: MasParts;
beforeAll(async () => {
  parts = await masParts();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

/** Marks every payload that passes. */
function createMarkingCodec(): PayloadCodec & { seen: number } {
  const codec = {
    seen: 0,
    async encode(payloads: Payload[]): Promise<Payload[]> {
      codec.seen += payloads.length;
      return payloads.map((payload) => ({
        ...payload,
        metadata: { ...payload.metadata, marked: Buffer.from('yes') },
      }));
    },
    decode: async (payloads: Payload[]): Promise<Payload[]> => payloads,
  };
  return codec;
}

describe('AnswerPlugin', () => {
  it('serves a worker that has activities, a codec and interceptors of its own, on connection and client at once', async () => {
    const taskQueue = freshTaskQueue();
    const config = configSchema.parse({ ...parts.config, temporal: { taskQueue } });
    const plugin = new AnswerPlugin({ config });
    const codec = createMarkingCodec();
    const dataConverter = { payloadCodecs: [codec] };
    let intercepted = 0;
    const countActivities: ActivityInterceptorsFactory = () => ({
      inbound: {
        execute(input, next) {
          intercepted += 1;
          return next(input);
        },
      },
    });

    const native = await NativeConnection.connect({ address: temporal.address(), plugins: [plugin] });
    const options = {
      connection: native,
      dataConverter,
      plugins: [plugin],
      activities: { ownActivity: async () => 'own' },
      interceptors: { activity: [countActivities] },
    };
    const workers = [
      await Worker.create({ ...options, taskQueue, workflowBundle: await bundleAnswer() }),
      await Worker.create({ ...options, taskQueue: `${taskQueue}-llm` }),
    ];
    const running = Promise.all(workers.map((worker) => worker.run()));

    const connection = await Connection.connect({ address: temporal.address(), plugins: [plugin] });
    const client = new Client({ connection, dataConverter, plugins: [plugin] });
    parts.llm.behave({ type: 'answer', text: 'the answer' });
    // The query is bigger than a payload in history may be: it goes through the store.
    const query = `Say it. ${'x'.repeat(200_000)}`;
    const mas = createMasClient(client, { taskQueue });
    const handle = await mas.answer.start({ query, driver: 'driver', program: 'single' });
    expect(await handle.result()).toMatchObject({ status: 'answered', answer: 'the answer' });

    const description = await client.workflow.getHandle(handle.workflowId).describe();
    expect(description.historySize).toBeLessThan(20_000);
    const stored = await parts.database.selectFrom('payloads').select('sha256').execute();
    expect(stored.length).toBeGreaterThan(0);
    expect(codec.seen).toBeGreaterThan(0);
    expect(intercepted).toBeGreaterThan(0);

    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
    await native.close();
  });

  it('says what it needs', () => {
    expect(() => new AnswerPlugin({}).configureClient({})).toThrow('needs `services`');
  });
});
