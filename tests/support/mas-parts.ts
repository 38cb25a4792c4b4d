/** Real parts for tests of MAS programs: database, blobs, sandbox, call service; the model is a small HTTP server. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionSpec } from '../../activities/mas/run-program.ts';
import type { Database } from '../../activities/storage/tables.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import { openServices } from '../../workers/open-services.ts';
import type { Services } from '../../workers/services.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import { freshDatabase } from './environment.ts';
import { type FakeOpenAi, startFakeOpenAi } from './fake-openai.ts';

export interface MasParts extends AsyncDisposable {
  readonly config: Config;
  readonly services: Services;
  readonly database: Database;
  /** Plays `driver` and `generator`. */
  readonly llm: FakeOpenAi;
  /** A program whose body of `forward` is given. */
  spec(body: string, overrides?: Partial<ExecutionSpec>): ExecutionSpec;
}

export async function masParts(): Promise<MasParts> {
  const fresh = await freshDatabase();
  const llm = await startFakeOpenAi();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-mas-'));
  const model = { baseUrl: llm.baseUrl, model: 'fake', timeoutMs: 30_000 };
  const config = configSchema.parse({
    home,
    databaseUrl: fresh.url,
    models: { driver: model, generator: { ...model, model: 'fake-generator' } },
  });
  const services = await openServices(config, { env: {}, log: () => {} });
  return {
    config,
    services,
    database: fresh.database,
    llm,
    spec: (body, overrides) => ({ ...specOf(programOf(body)), ...overrides }),
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      await llm[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** `body` is the indented-by-nothing body of `forward(self, taskInfo)`; `self.llm` is the driver. */
export function programOf(body: string): string {
  const lines = body
    .trim()
    .split('\n')
    .map((line) => `        ${line}`);
  return [
    'from utils import *',
    '',
    'class MAS:',
    '    def __init__(self, model_list):',
    '        self.llm = LLM(model_list)',
    '',
    '    def forward(self, taskInfo):',
    ...lines,
    '',
  ].join('\n');
}

function specOf(source: string): ExecutionSpec {
  return {
    tenant: 'default',
    namespace: 'default',
    run: 'evaluation/test',
    query: { id: '0'.repeat(32), text: 'What is 6 times 7?' },
    program: { id: 'test', sha256: createHash('sha256').update(source).digest('hex'), source },
    driver: 'driver',
    repeat: 0,
    runSeed: 0,
    limits: limitsSchema.parse({}),
    callClass: 'evaluation',
    commonRandomNumbers: false,
  };
}
