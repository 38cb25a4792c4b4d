/** Temporal, and then PostgreSQL, is killed in the middle of an answer and comes back: the same answer, no call a second time. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate, openDatabase } from '../../../activities/storage/database.ts';
import { createMasClient } from '../../../clients/client.ts';
import { type PostgresServer, startPostgres } from '../../../clients/dev/postgres.ts';
import { ensureTemporalBinary } from '../../../clients/dev/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../../clients/dev/temporal-server.ts';
import { configSchema } from '../../../workers/config/schema.ts';
import { isRoot } from '../../../workers/host/directories.ts';
import type { AnswerResult } from '../../../workflows/answer/contract.ts';
import { startAnswerProcess } from '../../support/answer-workers.ts';
import { freshTaskQueue } from '../../support/environment.ts';
import { type FakeOpenAi, startFakeOpenAi } from '../../support/fake-openai.ts';
import { programOf } from '../../support/mas-parts.ts';

let directory: string;
let llm: FakeOpenAi;
let postgres: PostgresServer;
let temporal: TemporalServer;

/** As root, PostgreSQL runs as another uid, which must reach its data. */
beforeAll(async () => {
  const parent = isRoot ? '/var/lib/masgpt' : tmpdir();
  await mkdir(parent, { recursive: true });
  directory = await mkdtemp(join(parent, 'answer-outage-'));
  llm = await startFakeOpenAi();
  await Promise.all([startDatabase(), startTemporal()]);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), temporal?.stop(), llm?.[Symbol.asyncDispose]()]);
  await rm(directory, { recursive: true, force: true });
});

async function startDatabase(): Promise<void> {
  const again = postgres ? { port: postgres.port } : {};
  const settings = { fsync: 'off' };
  postgres = await startPostgres({
    directory: join(directory, 'pg'),
    settings,
    database: 'masgpt',
    ...again,
  });
}

async function startTemporal(): Promise<void> {
  const again = temporal ? { port: Number(temporal.address.split(':')[1]) } : {};
  temporal = await startTemporalServer({
    binary: await ensureTemporalBinary({ note: () => {} }),
    logFile: join(directory, 'temporal.log'),
    databaseFile: join(directory, 'temporal.db'),
    uiPort: false,
    ...again,
  });
}

const program = programOf(`
import uuid
text = taskInfo
for turn in range(3):
    with ThreadPoolExecutor(2) as pool:
        text = '|'.join(pool.map(lambda n: self.llm.call_llm(f'turn {turn} {n} {text[-40:]}'), range(2)))
    text += execute_code(f'output = {turn} + 1').split()[2]
return text + str(random.random()) + str(uuid.uuid4())`);
const driverCalls = 6;

it('goes on where it was', async () => {
  const database = openDatabase(postgres.url());
  await migrate(database).finally(() => database.destroy());
  const model = { baseUrl: llm.baseUrl, model: 'fake', timeoutMs: 30_000 };
  const taskQueue = freshTaskQueue();
  const config = configSchema.parse({
    home: join(directory, 'home'),
    databaseUrl: postgres.url(),
    models: { driver: model, generator: { ...model, model: 'fake-generator' } },
    temporal: { taskQueue },
  });
  await mkdir(config.home, { recursive: true });
  const worker = await startAnswerProcess({ config, address: temporal.address });

  /** Runs one answer; `disturb` is called once the driver has received so many calls. */
  async function answer(name: string, disturb: (received: number) => void): Promise<AnswerResult> {
    let received = 0;
    llm.behave(({ body: { model: asked, messages } }) => {
      if (asked === 'fake-generator') return { type: 'answer', text: `\`\`\`python\n${program}\`\`\`` };
      disturb((received += 1));
      return { type: 'answer', text: `r${messages[0]?.content.length}`, delayMs: 700 };
    });
    const input = { query: 'What is left?', driver: 'driver', generator: 'generator' };
    for (;;) {
      const connection = await Connection.connect({ address: temporal.address }).catch(() => null);
      if (!connection) continue;
      try {
        const handle = await createMasClient(connection, { taskQueue }).answer.start(input, { name });
        const result = await handle.result();
        expect(received).toBe(driverCalls);
        return result;
      } catch (error) {
        // The client loses its connection with the server; the run does not, and the same start attaches to it.
        if (!(error instanceof ServiceError)) throw error;
        await sleep(500);
      } finally {
        await connection.close();
      }
    }
  }

  const outages: Promise<void>[] = [];
  const outage = async ({ process }: TemporalServer | PostgresServer, start: () => Promise<void>) => {
    process.signal('SIGKILL');
    await process.exited;
    await sleep(2_000);
    await start();
  };
  const disturbed = await answer('disturbed', (received) => {
    if (received === 2) outages.push(outage(temporal, startTemporal));
    if (received === 4) outages.push(outage(postgres, startDatabase));
  });
  await Promise.all(outages);
  expect(outages).toHaveLength(2);
  expect(disturbed).toMatchObject({ status: 'answered', answeredBy: 'generated', divergences: 0 });

  const store = openDatabase(postgres.url());
  await store.deleteFrom('llm_calls').where('model', '=', 'driver').execute();
  await store.destroy();
  const calm = await answer('calm', () => {});
  expect(calm.answer).toBe(disturbed.answer);
  await worker.kill('SIGTERM');
}, 240_000);
