/** The parts of a process: shared by its plugins, on the right store, and without a key in anything they leave behind. */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import { readStoreId } from '../../activities/storage/database.ts';
import type { Database } from '../../activities/storage/tables.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import { openServices } from '../../workers/open-services.ts';
import { callOf, never } from '../support/calls.ts';
import { freshDatabase, freshTaskQueue, temporal } from '../support/environment.ts';
import { startFakeOpenAi } from '../support/fake-openai.ts';
import { askModels } from './secret-workflows.ts';

async function configOf(databaseUrl: string, models: object = {}): Promise<Config> {
  return configSchema.parse({ home: await mkdtemp(join(tmpdir(), 'home-')), databaseUrl, models });
}

test('plugins with the same configuration share one set, which closes with its last user', async () => {
  await using fresh = await freshDatabase();
  const config = await configOf(fresh.url);
  const [first, second] = await Promise.all([openServices(config), openServices(structuredClone(config))]);
  expect(second.database).toBe(first.database);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  const address = await second.blobs.put('kept');
  expect(await second.blobs.getText(address)).toBe('kept');
  expect(await readStoreId(second.database)).not.toBe('');
  await second[Symbol.asyncDispose]();
  await expect(readStoreId(second.database)).rejects.toThrow();
  await using third = await openServices(config);
  expect(third.database).not.toBe(first.database);
});

test('another store than the one the stack works on is refused, and so is none', async () => {
  await using fresh = await freshDatabase();
  const config = await configOf(fresh.url);
  await expect(openServices(config, { env: { MASGPT_STORE_ID: 'another' } })).rejects.toThrow(
    /correct DATABASE_URL/,
  );
  await using services = await openServices(config, {
    env: { MASGPT_STORE_ID: await readStoreId(fresh.database) },
  });
  expect(services.config).toEqual(config);
  await expect(openServices(configSchema.parse({}))).rejects.toThrow(/DATABASE_URL/);
});

test('a key is found nowhere after calls that worked, were refused and failed: database, histories, logs, files, output', async () => {
  const key = 'sk-planted-8f1d6c3e';
  const logs: string[] = [];
  Runtime.install({
    logger: new DefaultLogger('DEBUG', (entry) =>
      logs.push(inspect([entry.message, entry.meta], { depth: 10 })),
    ),
  });
  const printed = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave(({ body, authorization }) => {
    if (body.model === 'refused') {
      return {
        type: 'status',
        status: 401,
        body: { error: { message: `Incorrect API key: ${authorization}` } },
      };
    }
    return body.model === 'broken'
      ? { type: 'status', status: 500, body: { error: { message: key } } }
      : { type: 'answer' };
  });
  const names = ['works', 'refused', 'broken', 'gone'];
  const model = (name: string) => ({
    baseUrl: name === 'gone' ? 'http://127.0.0.1:9/v1' : fake.baseUrl,
    apiKeyEnv: 'PLANTED_KEY',
    model: name,
  });
  const config = await configOf(fresh.url, Object.fromEntries(names.map((name) => [name, model(name)])));
  const connection = await Connection.connect({ address: temporal.address() });
  {
    await using services = await openServices(config, { env: { PLANTED_KEY: key } });
    const taskQueue = freshTaskQueue();
    const worker = await Worker.create({
      connection: await NativeConnection.connect({ address: temporal.address() }),
      taskQueue,
      workflowsPath: fileURLToPath(new URL('secret-workflows.ts', import.meta.url)),
      activities: {
        async ask(name: string) {
          const call = callOf(1, { request: { ...callOf(1).request, model: name } });
          const { reply } = await services.calls.call(call, { signal: never, wait: 'yield' });
          await services.blobs.put(JSON.stringify(reply));
          return reply.text;
        },
      },
    });
    const client = new Client({ connection });
    const handle = await client.workflow.start(askModels, {
      args: [names],
      taskQueue,
      workflowId: freshTaskQueue(),
    });
    const ends = await worker.runUntil(handle.result());
    expect(ends[0]).toMatch(/^echo/);
    expect(ends[1]).toMatch(/Llm|refuses the key/);
    expect(fake.requests.every(({ authorization }) => authorization === `Bearer ${key}`)).toBe(true);
    const history = await handle.fetchHistory();
    const found = {
      history: withDecodedPayloads(history),
      database: await textOf(fresh.database),
      logs: logs.join('\n'),
      printed: printed.flatMap((spy) => spy.mock.calls.map(([chunk]) => String(chunk))).join('\n'),
      files: await filesOf(config.home),
    };
    expect(found.database).toContain('echo');
    expect(found.history).toContain('echo');
    expect(found.files).toContain('echo');
    expect(found.logs).toContain('refuses the key');
    for (const [place, text] of Object.entries(found)) expect(text.includes(key), place).toBe(false);
  }
  await connection.close();
});

/** Payloads stand in a history's JSON as base64. */
function withDecodedPayloads(history: unknown): string {
  return JSON.stringify(history, (name, value: unknown) =>
    name === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}

async function textOf(database: Database): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(database);
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.table(name)} as t`.execute(
      database,
    );
    texts.push(...rows.map(({ text }) => text));
  }
  return texts.join('\n');
}

async function filesOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')));
  return texts.join('\n');
}
