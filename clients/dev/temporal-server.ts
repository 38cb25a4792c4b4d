/**
 * The development server of the Temporal CLI, from an existing binary: loopback, free or given ports, a database file
 * that survives restarts, closed runs kept for 30 days, fairness keys honoured.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { trainingAttributes } from '../../workflows/training/contract.ts';
import { freePort } from './free-port.ts';
import { startSupervised, type SupervisedProcess, tailOf } from './supervised-process.ts';

export interface TemporalServer {
  readonly address: string;
  /** Absent without a UI. */
  readonly uiUrl?: string;
  readonly process: SupervisedProcess;
  stop(): Promise<void>;
}

export interface TemporalServerOptions {
  readonly binary: string;
  readonly logFile: string;
  /** Absent = in memory. */
  readonly databaseFile?: string;
  readonly namespace?: string;
  readonly port?: number;
  /** `false` = no UI. */
  readonly uiPort?: number | false;
  /** `false` = without the product's search attributes. */
  readonly searchAttributes?: false;
  /** More of the server's dynamic settings. */
  readonly dynamicConfig?: Readonly<Record<string, string>>;
}

export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const namespace = options.namespace ?? 'default';
  const port = options.port ?? (await freePort());
  const uiPort = options.uiPort === false ? undefined : (options.uiPort ?? (await freePort()));
  if (options.databaseFile) await mkdir(dirname(options.databaseFile), { recursive: true });
  const server = await startSupervised({
    command: options.binary,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', namespace],
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
      ...(options.databaseFile ? ['--db-filename', options.databaseFile, ...pragmas] : []),
      ...dynamicConfig({ ...settings, ...options.dynamicConfig }),
      ...(options.searchAttributes === false ? [] : searchAttributes),
      ...['--log-level', 'warn', '--disable-config-file', '--disable-config-env'],
    ],
    logFile: options.logFile,
  });
  const address = `127.0.0.1:${port}`;
  try {
    await untilReady(address, namespace, server, options.logFile);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    address,
    ...(uiPort === undefined ? {} : { uiUrl: `http://127.0.0.1:${uiPort}` }),
    process: server,
    stop: () => server.stop(),
  };
}

function dynamicConfig(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]);
}

/**
 * Turns between runs on a queue, which hold within a partition of it: with the four of the default some wait long. An activity
 * may start in the worker that asks for it, without a way through the queue.
 */
const settings = {
  'matching.enableFairness': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  'system.enableActivityEagerExecution': 'true',
};

const searchAttributes = Object.entries(trainingAttributes).flatMap(([name, type]) => [
  '--search-attribute',
  `${name}=${type}`,
]);

/** A plain file costs two thirds of the server's speed. */
const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];

/** One that ends is seen at once; a crowded machine takes its time. */
const readyMs = 180_000;

/** Ready = the namespace answers; its retention is set here, since the server's start has no option for it. */
async function untilReady(
  address: string,
  namespace: string,
  server: SupervisedProcess,
  logFile: string,
): Promise<void> {
  const end = Date.now() + readyMs;
  for (;;) {
    try {
      await using connection = await connect(address);
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: msToTs('30 days') },
      });
      return;
    } catch (cause) {
      if (!server.isRunning())
        throw new Error(`the Temporal server ended at start:\n${tailOf(logFile)}`, { cause });
      if (Date.now() > end)
        throw new Error(`the Temporal server is not ready after ${readyMs / 1_000} s; see ${logFile}`, {
          cause,
        });
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}

async function connect(address: string): Promise<Connection & AsyncDisposable> {
  const connection = await Connection.connect({ address, connectTimeout: '10 s' });
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}
