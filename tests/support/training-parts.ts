/** Real parts for training tests: database, blobs, a finished dataset run, a recipe of the stand-in trainer, and workers. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { stringify } from 'yaml';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { toJson } from '../../activities/storage/encode.ts';
import type { Database } from '../../activities/storage/tables.ts';
import type { TrainingRequest, TrainingResult } from '../../workflows/training/contract.ts';
import { superviseTrainingType } from '../../workflows/training/contract.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import { freshDatabase, freshTaskQueue, temporal } from './environment.ts';
import { startTrainingWorkers, type TrainingWorkerOptions } from './training-workers.ts';

export interface Fault {
  readonly at: 'start' | 'step' | 'save';
  readonly step?: number;
  readonly kind: 'kill' | 'abort' | 'exit0' | 'hang' | 'valueError' | 'nan';
  /** In the first attempt alone. */
  readonly once?: boolean;
}

export interface StandIn {
  readonly maxSteps: number;
  readonly saveSteps: number;
  readonly stepS?: number;
  readonly faults?: readonly Fault[];
  readonly stepLimitS?: number;
  readonly gpus?: { readonly count: number; readonly type?: string; readonly memoryGib?: number };
}

export interface TrainingParts extends AsyncDisposable {
  readonly home: string;
  readonly database: Database;
  readonly taskQueue: string;
  readonly workerOptions: TrainingWorkerOptions;
  readonly client: Client;
  /** Stores the rows as dataset NAME's finished result. */
  addDataset(name: string, jsonl: string): Promise<void>;
  addRecipe(name: string, recipe: StandIn): Promise<void>;
  startWorkers(more?: Partial<TrainingWorkerOptions>): Promise<AsyncDisposable>;
  start(
    name: string,
    input: TrainingRequest,
  ): Promise<WorkflowHandle<(input: unknown) => Promise<TrainingResult>>>;
  progress(name: string): Promise<Progress>;
  attemptFile(name: string, epoch: number, file: string): Promise<Record<string, unknown>>;
  /** What the stand-in's finished model holds. */
  finalState(name: string, artefact: string): Promise<string>;
}

const standIn = fileURLToPath(new URL('./stand-in-trainer.py', import.meta.url));

export async function trainingParts(
  options: Partial<Pick<TrainingWorkerOptions, 'address' | 'training'>> = {},
): Promise<TrainingParts> {
  const address = options.address ?? temporal.address();
  const fresh = await freshDatabase();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-training-'));
  await mkdir(join(home, 'recipes'));
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const taskQueue = freshTaskQueue();
  const workerOptions = { home, taskQueue, databaseUrl: fresh.url, ...options, address };
  const blobs = createDirectoryBlobs(join(home, 'blobs'));
  const runDirectory = (name: string): string => join(home, 'training', name);
  const id = (name: string): string => `training/${name}-${taskQueue}`;
  return {
    home,
    database: fresh.database,
    taskQueue,
    workerOptions,
    client,
    async addDataset(name, jsonl) {
      const result = { rows: jsonl.split('\n').length - 1, files: { 'sft.jsonl': await blobs.put(jsonl) } };
      await fresh.database
        .insertInto('runs')
        .values({
          ...{ namespace: 'default', kind: 'dataset', name, tenant: 'default', state: 'succeeded' },
          ...{
            workflow_id: `dataset/${name}`,
            first_run_id: 'x',
            run_id: 'x',
            input_hash: 'x',
            input: toJson({}),
          },
          result: toJson(result),
        })
        .execute();
    },
    async addRecipe(name, { maxSteps, saveSteps, stepLimitS = 60, gpus, ...options }) {
      const recipe = {
        kind: 'command',
        v: 1,
        ...{ maxSteps, saveSteps, graceS: 2, phaseLimitS: { start: 30, step: stepLimitS, save: 30 } },
        command: ['/usr/bin/env', 'python3', standIn],
        checkpointFiles: ['state.json'],
        ...(gpus ? { gpus } : {}),
        options,
      };
      await writeFile(join(home, 'recipes', `${name}.yaml`), stringify(recipe));
    },
    startWorkers: (more = {}) => startTrainingWorkers({ ...workerOptions, ...more }),
    start: (name, input) =>
      client.workflow.start(superviseTrainingType, {
        ...{ taskQueue, workflowId: id(name), args: [{ name, ...input }] },
      }),
    progress: (name) => client.workflow.getHandle(id(name)).query<Progress>('progress'),
    attemptFile: async (name, epoch, file) =>
      JSON.parse(await readFile(join(runDirectory(name), 'attempts', String(epoch), file), 'utf8')) as Record<
        string,
        unknown
      >,
    async finalState(name, artefact) {
      const text = await readFile(join(runDirectory(name), 'artefacts', artefact, 'weights.json'), 'utf8');
      return (JSON.parse(text) as { state: string }).state;
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Waits until the condition holds; fails loudly after three minutes. */
export async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 1_800; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error('it did not happen within three minutes');
}
