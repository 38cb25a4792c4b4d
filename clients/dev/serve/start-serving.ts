/**
 * Serves a finished training: verifies the artefact, keeps `transformers serve` running behind the proxy, and writes
 * HOME/models/NAME.json, by which workers find the model. Port, token and file outlast restarts of the server behind; all of it is
 * gone when serving stops.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findServable } from '../../../activities/training/artefact.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import type { Config } from '../../../workers/config/schema.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { readServedModel } from './completion-request.ts';
import { defaultChecks, type HealthChecks, keepServing } from './keep-serving.ts';
import { startModelServer } from './model-server.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { removeServedModel, servedName, writeServedModel } from './served-model.ts';

export interface ServingOptions {
  /** Name of a training run. */
  readonly run: string;
  readonly config: Config;
  readonly database: Database;
  /** Progress for people. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly checks?: HealthChecks;
}

export interface Serving {
  /** The model's name for inputs: `served.RUN`. */
  readonly model: string;
  readonly baseUrl: string;
  /** sha256 of the artefact. */
  readonly revision: string;
  /** Process of the server behind; undefined between two of them. */
  pid(): number | undefined;
  restarts(): number;
  /** Settles with the reason when the server behind was given up. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export async function startServing(options: ServingOptions): Promise<Serving> {
  const { run, config, database, note, signal, checks = defaultChecks } = options;
  const artefact = await findServable(database, `training/${run}`);
  const python = config.training.python ?? (await ensurePython('trainer', { note, signal }));
  const model = await readServedModel(artefact.directory);
  const home = resolve(config.home);
  const file = { home, name: servedName(run), token: randomBytes(24).toString('hex') };
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-serve-'));
  const logFile = join(home, 'logs', `${file.name}.log`);
  const server = { python, modelDirectory: artefact.directory, directory, logFile };
  note(`loading the model of training/${run}`);
  const cleanUp = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const kept = await keepServing({
    start: (nth, stopping) =>
      startModelServer(server, nth, signal ? AbortSignal.any([signal, stopping]) : stopping),
    ...{ checks, note },
  }).catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  let proxy: Proxy | undefined;
  const stop = async (): Promise<void> => {
    await removeServedModel(file);
    await proxy?.close();
    await kept.stop();
    await cleanUp();
  };
  try {
    proxy = await startProxy({ upstream: kept, model, alias: file.name, token: file.token });
    await writeServedModel(file, { baseUrl: proxy.baseUrl, revision: artefact.sha256 });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    model: file.name,
    baseUrl: proxy.baseUrl,
    revision: artefact.sha256,
    pid: kept.pid,
    restarts: kept.restarts,
    ended: kept.gaveUp,
    stop,
  };
}
