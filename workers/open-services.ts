/**
 * Opens what the activities of a process share: one set per configuration, however many plugins ask; closed with its last
 * user. Migrates the database, and refuses another store than the one this process was told (MASGPT_STORE_ID).
 */
import { join, resolve } from 'node:path';
import { createAnswerKey } from '../activities/benchmarks/answer-key.ts';
import { createGrading } from '../activities/benchmarks/graders/create-grading.ts';
import { createMathVerify } from '../activities/benchmarks/graders/math-verify.ts';
import { createEmbedders } from '../activities/dataset/embedding/create-embedders.ts';
import { createLoadQueries } from '../activities/benchmarks/load-queries.ts';
import { createCallService } from '../activities/llm/call-service.ts';
import { createOpenAiChat } from '../activities/llm/openai-chat.ts';
import { openSandbox } from '../activities/sandbox/open-sandbox.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { createDirectoryBlobs } from '../activities/storage/blobs-directory.ts';
import { writeTenantBudgets } from '../activities/storage/budget-chain.ts';
import { canonicalJson } from '../activities/storage/canonical-json.ts';
import { migrate, openDatabase, readStoreId } from '../activities/storage/database.ts';
import type { Database } from '../activities/storage/tables.ts';
import { createModels } from './config/models.ts';
import type { Config } from './config/schema.ts';
import { simulatorRoot } from './config/simulated-models.ts';
import { sharedStateDirectory } from './host/directories.ts';
import { ensurePython } from './host/python-environment.ts';
import { scienceOf } from './host/science.ts';
import type { Services } from './services.ts';

export interface OpenServicesOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Notes of long installations and of the sandbox; default standard error. */
  readonly log?: (message: string) => void;
}

interface Shared {
  users: number;
  readonly services: Promise<Services>;
}

const shared = new Map<string, Shared>();

export async function openServices(config: Config, options: OpenServicesOptions = {}): Promise<Services> {
  const key = canonicalJson(config);
  const entry = shared.get(key) ?? { users: 0, services: create(config, options) };
  shared.set(key, entry);
  entry.users += 1;
  let services: Services;
  try {
    services = await entry.services;
  } catch (error) {
    shared.delete(key);
    throw error;
  }
  let open = true;
  return {
    ...services,
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      entry.users -= 1;
      if (entry.users > 0) return;
      shared.delete(key);
      await services[Symbol.asyncDispose]();
    },
  };
}

async function create(config: Config, options: OpenServicesOptions): Promise<Services> {
  const { env = process.env, log = (message) => process.stderr.write(`${message}\n`) } = options;
  if (!config.databaseUrl) {
    throw new Error('no database is configured: set DATABASE_URL, or run "masgpt dev", which brings one');
  }
  const database = openDatabase(config.databaseUrl);
  try {
    await migrate(database);
    await compareStore(database, env['MASGPT_STORE_ID']);
    await writeTenantBudgets(database, config.tenants);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  const home = resolve(config.home);
  const models = createModels({ config, env });
  const calls = createCallService({ database, models, send: createOpenAiChat() });
  const blobs = createDirectoryBlobs(join(home, 'blobs'));
  const sandbox = once(async () =>
    openSandbox({
      ...config.sandbox,
      stateDirectory: join(sharedStateDirectory(home), 'sandbox'),
      blobs,
      science: await scienceOf(config, { note: log, env }),
      log,
    }),
  );
  const mathVerify = createMathVerify({ python: () => ensurePython('grading', { note: log, env }) });
  const embedders = createEmbedders({
    models,
    python: () => ensurePython('embedding', { note: log, env }),
  });
  return {
    config,
    database,
    blobs,
    calls,
    embedders,
    sandbox: sandbox.get,
    grading: createGrading({ sandbox: sandbox.get, mathVerify }),
    loadQueries: createLoadQueries({ blobs, answerKey: answerKeyOf(env) }),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([
        calls[Symbol.asyncDispose](),
        mathVerify[Symbol.asyncDispose](),
        embedders[Symbol.asyncDispose](),
        sandbox.close(),
      ]);
      await database.destroy();
    },
  };
}

function answerKeyOf(env: NodeJS.ProcessEnv) {
  const { MASGPT_SIMULATOR_URL: url, MASGPT_SIMULATOR_TOKEN: token } = env;
  return url && token ? createAnswerKey({ root: simulatorRoot(url), token }) : undefined;
}

async function compareStore(database: Database, expected: string | undefined): Promise<void> {
  const id = await readStoreId(database);
  if (expected && expected !== id) {
    throw new Error(
      `this worker's DATABASE_URL is store ${id}, but its stack works on store ${expected}: correct DATABASE_URL`,
    );
  }
}

/** A failed opening is not kept: the next asker tries again. */
function once(open: () => Promise<Sandbox>): { get(): Promise<Sandbox>; close(): Promise<void> } {
  let opened: Promise<Sandbox> | undefined;
  return {
    get() {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      const sandbox = await opened?.catch(() => undefined);
      await sandbox?.[Symbol.asyncDispose]();
    },
  };
}
