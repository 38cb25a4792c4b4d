/** PostgreSQL is gone for 20 s in the middle of calls: a paid reply is not lost, and the work goes on by itself. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migrate, openDatabase } from '../../../activities/storage/database.ts';
import { startPostgres } from '../../../clients/dev/postgres.ts';
import { isRoot } from '../../../workers/host/directories.ts';
import { ask, endpointOf, serviceOn } from '../../support/calls.ts';
import { startFakeOpenAi } from '../../support/fake-openai.ts';

/** As root, PostgreSQL runs as another uid, which must reach its data. */
async function directoryOfServer(): Promise<string> {
  const parent = isRoot ? '/var/lib/masgpt' : tmpdir();
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, 'outage-'));
}

test('calls in flight, calls that start and calls that end while PostgreSQL is away', async () => {
  const directory = await directoryOfServer();
  const settings = { fsync: 'off' };
  let server = await startPostgres({ directory, settings, database: 'masgpt' });
  const database = openDatabase(server.url());
  await migrate(database);
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'answer', delayMs: 4_000 });
  const service = serviceOn(database, endpointOf(fake.baseUrl), { leaseMs: 15_000 });
  try {
    const inFlight = Promise.all([1, 2, 3].map((draw) => ask(service, draw)));
    await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(3);
    await server.stop();
    const bulk = ask(service, 4);
    await expect(ask(service, 5, 'yield')).rejects.toMatchObject({
      type: expect.stringMatching(/^(Storage.Unavailable|Llm.RateLimited)$/),
      nonRetryable: false,
    });
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    server = await startPostgres({ directory, settings, port: server.port, database: 'masgpt' });
    expect((await inFlight).map(({ recorded }) => recorded)).toEqual([false, false, false]);
    expect((await bulk).recorded).toBe(false);
    expect((await ask(service, 1)).recorded).toBe(true);
    expect(fake.requests).toHaveLength(4);
    const rows = await database.selectFrom('llm_calls').select(['state', 'sends']).execute();
    expect(rows).toEqual(Array(4).fill({ state: 'done', sends: 1 }));
  } finally {
    await service[Symbol.asyncDispose]();
    await database.destroy();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}, 120_000);
