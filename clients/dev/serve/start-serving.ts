/**
 * Serves a finished training: verifies the artefact, starts `transformers serve` behind the proxy, and writes
 * HOME/models/NAME.json, by which workers find the model. All of it is gone when serving stops.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findServable } from '../../../activities/training/artefact.ts';
import { writeWhole } from '../../../activities/training/layout.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { type Config, modelSchema } from '../../../workers/config/schema.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { type SupervisedProcess, startSupervised, tailOf } from '../supervised-process.ts';
import { readServedModel } from './completion-request.ts';
import { type Proxy, startProxy } from './proxy.ts';

export interface ServingOptions {
  /** Name of a training run. */
  readonly run: string;
  readonly config: Config;
  readonly database: Database;
  /** Progress for people. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Serving {
  /** The model's name for inputs: `served.RUN`. */
  readonly model: string;
  readonly baseUrl: string;
  /** sha256 of the artefact. */
  readonly revision: string;
  /** Settles when the server behind ends by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const startLimitMs = 180_000;
const script = fileURLToPath(new URL('./serve.py', import.meta.url));

export async function startServing(options: ServingOptions): Promise<Serving> {
  const { run, config, database, note, signal } = options;
  const artefact = await findServable(database, `training/${run}`);
  const python = config.training.python ?? (await ensurePython('trainer', { note, signal }));
  const model = await readServedModel(artefact.directory);
  const name = servedName(run);
  const home = resolve(config.home);
  const token = randomBytes(24).toString('hex');
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-serve-'));
  const socketPath = join(directory, 'model.sock');
  const logFile = join(home, 'logs', `${name}.log`);
  note(`loading the model of training/${run}`);
  const server = await startSupervised({
    command: python,
    args: [script, artefact.directory, socketPath],
    env: environment(directory),
    logFile,
  });
  let proxy: Proxy | undefined;
  const stop = async (): Promise<void> => {
    await removeModel(home, name);
    await proxy?.close();
    await server.stop(5_000);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilHealthy(server, socketPath, logFile, signal);
    proxy = await startProxy({ socketPath, model, alias: name, token });
    await writeModel(home, name, { baseUrl: proxy.baseUrl, revision: artefact.sha256, token });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    model: name,
    baseUrl: proxy.baseUrl,
    revision: artefact.sha256,
    ended: server.exited.then(() => {}),
    stop,
  };
}

/** A name of at most 64 characters, as distinct as the run's. */
export function servedName(run: string): string {
  return `served.${run}`.slice(0, 64);
}

function environment(directory: string): NodeJS.ProcessEnv {
  const { PATH, LANG, CUDA_VISIBLE_DEVICES } = process.env;
  return {
    ...{ PATH, LANG, CUDA_VISIBLE_DEVICES, HOME: directory, HF_HOME: directory },
    ...{
      HF_HUB_OFFLINE: '1',
      HF_HUB_DISABLE_TELEMETRY: '1',
      TOKENIZERS_PARALLELISM: 'false',
      OMP_NUM_THREADS: '1',
    },
  };
}

async function untilHealthy(
  server: SupervisedProcess,
  socketPath: string,
  logFile: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline && server.isRunning()) {
    signal?.throwIfAborted();
    if (await isHealthy(socketPath)) return;
    await sleep(200);
  }
  throw new Error(`the model server did not start; the end of ${logFile}:\n${tailOf(logFile)}`);
}

function isHealthy(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = request({ socketPath, path: '/health', timeout: 2_000 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    probe.once('error', () => done(false));
    probe.once('timeout', () => probe.destroy());
    probe.end();
  });
}

async function writeModel(
  home: string,
  name: string,
  served: { readonly baseUrl: string; readonly revision: string; readonly token: string },
): Promise<void> {
  await mkdir(join(home, 'models'), { recursive: true });
  await writeFile(keyPath(home, name), served.token, { mode: 0o600 });
  const model = modelSchema.parse({
    baseUrl: served.baseUrl,
    apiKeyFile: keyPath(home, name),
    model: name,
    revision: served.revision,
    limits: { inFlight: 2 },
    timeoutMs: 240_000,
  });
  await writeWhole(modelPath(home, name), JSON.stringify(model, null, 2));
}

async function removeModel(home: string, name: string): Promise<void> {
  await rm(modelPath(home, name), { force: true });
  await rm(keyPath(home, name), { force: true });
}

const modelPath = (home: string, name: string): string => join(home, 'models', `${name}.json`);
const keyPath = (home: string, name: string): string => join(home, 'models', `${name}.key`);
