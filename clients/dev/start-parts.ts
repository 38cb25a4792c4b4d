/** Starts the parts of a stack in their order and keeps them running; stops them in the reverse order. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { migrate, openDatabase, readStoreId } from '../../activities/storage/database.ts';
import type { Config } from '../../workers/config/schema.ts';
import { temporalSettings } from '../../workers/temporal-settings.ts';
import { sharedStateDirectory } from '../../workers/host/directories.ts';
import { ensureSystemPackages } from '../../workers/host/system-packages.ts';
import { isPortFree } from './free-port.ts';
import { createKeptPorts, type KeptPorts } from './kept-ports.ts';
import { type KeptPart, keepRunning } from './keep-running.ts';
import { startPostgres } from './postgres.ts';
import { startReadyProcess } from './ready-process.ts';
import type { StackParts } from './stack-file.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { ensureTemporalBinary } from './temporal-binary.ts';
import { startTemporalServer } from './temporal-server.ts';

export interface PartsOptions {
  readonly config: Config;
  readonly configFile?: string | undefined;
  readonly home: string;
  readonly logs: string;
  readonly worker?: boolean;
  readonly port?: number | undefined;
  readonly uiPort?: number | undefined;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly onChild: (name: string, pid: number) => void;
  readonly environmentOf: (parts: StackParts) => Record<string, string>;
}

export interface OpenedParts {
  readonly parts: StackParts;
  stop(): Promise<void>;
}

export async function openParts(options: PartsOptions): Promise<OpenedParts> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end().catch((error: unknown) => options.note(String(error)));
  };
  const keep = async (
    name: string,
    begin: () => Promise<SupervisedProcess>,
    graceMs?: number,
  ): Promise<KeptPart> => {
    const part = await keepRunning({
      name,
      start: begin,
      note: options.note,
      onStart: (process) => options.onChild(name, process.pid),
    });
    stops.push(() => part.stop(graceMs));
    return part;
  };
  const kept = createKeptPorts(options.home);
  try {
    // Settled together: a failure of one must not leave the other behind.
    const [database, temporal] = await Promise.allSettled([
      openDatabasePart(options, keep, kept),
      openTemporalPart(options, keep, kept),
    ]);
    const databaseUrl = valueOf(database);
    const temporalPart = valueOf(temporal);
    const storeId = await migrateStore(databaseUrl);
    const simulator = await openSimulatorPart(options, keep, kept);
    const parts: StackParts = { temporal: temporalPart, databaseUrl, simulator, storeId };
    if (options.worker !== false) {
      await offerBubblewrap(options);
      await openWorkerPart(options, parts, keep);
    }
    return { parts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Keep = (name: string, begin: () => Promise<SupervisedProcess>, graceMs?: number) => Promise<KeptPart>;

async function openDatabasePart(
  { config, home }: PartsOptions,
  keep: Keep,
  kept: KeptPorts,
): Promise<string> {
  if (config.databaseUrl) return config.databaseUrl;
  const directory = join(sharedStateDirectory(home), 'postgres');
  const port = await kept.port('postgres');
  let url = '';
  await keep('postgres', async () => {
    const server = await startPostgres({ directory, port, database: 'masgpt' });
    url = server.url();
    return server.process;
  });
  return url;
}

async function openTemporalPart(
  options: PartsOptions,
  keep: Keep,
  kept: KeptPorts,
): Promise<StackParts['temporal']> {
  const { namespace } = options.config.temporal;
  const { address } = temporalSettings({ config: options.config, env: process.env });
  if (address) return { address, namespace };
  const port = await portFor(options.port, '--port', () => kept.port('temporal'));
  const uiPort = await portFor(options.uiPort, '--ui-port', () => kept.port('ui'));
  const binary = await ensureTemporalBinary({ note: options.note, signal: options.signal });
  let server: Awaited<ReturnType<typeof startTemporalServer>> | undefined;
  await keep('temporal', async () => {
    server = await startTemporalServer({
      binary,
      namespace,
      port,
      uiPort,
      databaseFile: join(options.home, 'temporal', 'temporal.db'),
      logFile: join(options.logs, 'temporal.log'),
    });
    return server.process;
  });
  const uiUrl = server?.uiUrl;
  return { address: `127.0.0.1:${port}`, namespace, ...(uiUrl ? { uiUrl } : {}) };
}

async function portFor(
  wanted: number | undefined,
  flag: string,
  otherwise: () => Promise<number>,
): Promise<number> {
  if (wanted === undefined) return otherwise();
  if (await isPortFree(wanted)) return wanted;
  throw new Error(
    `port ${wanted} is taken by another process; choose another with ${flag}, or leave ${flag} out for a free one`,
  );
}

const simulatorReadySchema = z.object({ url: z.url(), revision: z.string() });

async function openSimulatorPart(
  options: PartsOptions,
  keep: Keep,
  kept: KeptPorts,
): Promise<StackParts['simulator']> {
  const { MASGPT_SIMULATOR_URL: url, MASGPT_SIMULATOR_TOKEN: given } = process.env;
  if (url)
    return { url, token: given ?? '', revision: process.env['MASGPT_SIMULATOR_REVISION'] ?? 'unpinned' };
  const token = randomBytes(24).toString('hex');
  const port = await kept.port('simulator');
  let ready = { url: '', revision: '' };
  await keep('simulator', async () => {
    const started = await startReadyProcess({
      name: 'simulated model server',
      module: 'clients/dev/simulator/main.ts',
      env: {
        ...process.env,
        MASGPT_SIMULATOR_TOKEN: token,
        MASGPT_SIMULATOR_PORT: String(port),
        MASGPT_SIMULATOR_KEY_FILE: join(options.home, 'simulator-key.jsonl'),
      },
      logFile: join(options.logs, 'simulator.log'),
    });
    ready = simulatorReadySchema.parse(started.ready);
    return started.process;
  });
  const base = ready.url.replace(/\/+$/, '');
  return { url: base.endsWith('/v1') ? base : `${base}/v1`, token, revision: ready.revision };
}

async function openWorkerPart(options: PartsOptions, parts: StackParts, keep: Keep): Promise<void> {
  await keep(
    'worker',
    async () => {
      const started = await startReadyProcess({
        name: 'worker',
        module: 'workers/main.ts',
        args: options.configFile ? ['--config', options.configFile] : [],
        env: { ...process.env, ...options.environmentOf(parts) },
        logFile: join(options.logs, 'worker.log'),
      });
      return started.process;
    },
    20_000,
  );
}

/** Without it the sandbox takes a weaker level, or refuses; that is for its self-test to say. */
async function offerBubblewrap({ note }: PartsOptions): Promise<void> {
  await ensureSystemPackages(['bubblewrap'], { note }).catch((error: unknown) => {
    note(error instanceof Error ? error.message : String(error));
  });
}

async function migrateStore(url: string): Promise<string> {
  const database = openDatabase(url, { max: 1 });
  try {
    await migrate(database);
    return await readStoreId(database);
  } finally {
    await database.destroy();
  }
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
