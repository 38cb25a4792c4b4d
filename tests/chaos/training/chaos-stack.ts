/** The embedded stack with a directory of recipes and one dataset: what the runs of a chaos are started on. Its parts may be killed. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ServiceError } from '@temporalio/client';
import { stringify } from 'yaml';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../../activities/storage/database.ts';
import { toJson } from '../../../activities/storage/encode.ts';
import { outlastOutage } from '../../../activities/storage/outlast-outage.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { freshHome, removeHome } from '../../bench/support/bench-stack.ts';
import { startReadyProcess } from '../../../clients/dev/ready-process.ts';
import { readStackFile } from '../../../clients/dev/stack-file.ts';
import { attachOrStartStack } from '../../../clients/dev/stack.ts';
import type { SupervisedProcess } from '../../../clients/dev/supervised-process.ts';
import { loadConfig } from '../../../workers/config/load.ts';

export const dataset = 'rows';
export const rows = '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n';
const outageMs = 120_000;

export interface ChaosStack extends AsyncDisposable {
  readonly home: string;
  /** Directory of the trainers' own accounts, which the product does not know. */
  readonly witnesses: string;
  note(text: string): void;
  addDataset(name: string, jsonl: string): Promise<void>;
  addRecipe(name: string, recipe: object): Promise<void>;
  /** Tries again while the server or the database is away. */
  ask<R>(use: (client: Client) => Promise<R>): Promise<R>;
  query<R>(use: (database: Database) => Promise<R>): Promise<R>;
  /** Of a part that is up: "worker", "postgres", "temporal". */
  pidOf(part: string): Promise<number | undefined>;
  /** A further worker of the same host. */
  startWorker(): Promise<SupervisedProcess>;
}

export async function chaosStack(note: (text: string) => void): Promise<ChaosStack> {
  const home = await freshHome();
  const witnesses = await mkdtemp(join(tmpdir(), 'masgpt-chaos-'));
  const recipes = join(home, 'recipes');
  const configFile = join(home, 'masgpt.config.yaml');
  await mkdir(recipes);
  await writeFile(configFile, stringify({ home, training: { recipes } }));
  const config = await loadConfig({ file: configFile, env: {} });
  const stack = await attachOrStartStack({ config, configFile, purpose: 'chaos', worker: true, note });
  const database = openDatabase(stack.databaseUrl, { max: 4 });
  await addDataset(database, home, dataset, rows);
  const connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection });
  return {
    ...{ home, witnesses, note },
    addDataset: (name, jsonl) => addDataset(database, home, name, jsonl),
    addRecipe: (name, recipe) => writeFile(join(recipes, `${name}.yaml`), stringify(recipe)),
    async ask(use) {
      // The connection mends itself: closing it would fail the calls of others that are being tried again.
      const until = performance.now() + outageMs;
      for (;;) {
        try {
          return await use(client);
        } catch (error) {
          if (!isOutage(error) || performance.now() > until) throw error;
          await sleep(250);
        }
      }
    },
    query: (use) => outlastOutage(outageMs, () => use(database)),
    async pidOf(part) {
      return (await readStackFile(home))?.children[part]?.pid;
    },
    async startWorker() {
      const started = await startReadyProcess({
        name: 'second worker',
        module: 'workers/main.ts',
        args: ['--config', configFile],
        env: { ...process.env, ...stack.env },
        logFile: join(home, 'logs', 'second-worker.log'),
      });
      return started.process;
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await database.destroy();
      await stack[Symbol.asyncDispose]();
      await removeHome(home);
      await rm(witnesses, { recursive: true, force: true });
    },
  };
}

/** gRPC: the server is away, starts, or lost its database's lock; a query found no worker. */
function isOutage(error: unknown): boolean {
  if (error instanceof Error && /connect|ECONNREFUSED|UNAVAILABLE/i.test(error.message)) return true;
  const code =
    error instanceof ServiceError ? (error.cause as { code?: number } | undefined)?.code : undefined;
  return code !== undefined && [4, 8, 10, 13, 14].includes(code);
}

async function addDataset(database: Database, home: string, name: string, jsonl: string): Promise<void> {
  const sha256 = await createDirectoryBlobs(join(home, 'blobs')).put(jsonl);
  const identity = { namespace: 'default', kind: 'dataset' as const, name, tenant: 'default' };
  await database
    .insertInto('runs')
    .values({
      ...{ ...identity, state: 'succeeded', workflow_id: `dataset/${name}`, first_run_id: 'x' },
      ...{ run_id: 'x', input_hash: 'x', input: toJson({}) },
      result: toJson({ rows: jsonl.split('\n').length - 1, files: { 'sft.jsonl': sha256 } }),
    })
    .execute();
}

export async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
