/** The finished model: verified, moved out of its attempt, and registered under the sha256 over its manifest. */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingPlan, TrainingResult } from '../../workflows/training/contract.ts';
import { failure } from '../failure.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { toJson } from '../storage/encode.ts';
import { attemptLayout, runDirectory } from './layout.ts';
import { finiteFault, shardFault } from './checkpoints/whole.ts';
import { hashFiles, listFiles } from './manifest.ts';
import { writeModelCard } from './model-card.ts';
import { configSha } from './plan.ts';
import type { TrainingPorts } from './ports.ts';
import type { Recipe } from './recipe.ts';

/** Models are code: pickles and Python sources have no place in one. */
const refused = /\.(py|pyc|bin|pt|pth|pkl)$/;

const modelFiles = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];
/** Whole, or in shards that the index names. */
const weightFiles = ['model.safetensors', 'model.safetensors.index.json'];

/** Of low-rank adapters, which are merged into the model and kept beside it. */
const adapterFiles = ['adapter/adapter_config.json', 'adapter/adapter_model.safetensors'];

/** Files of the finished model, at any depth: nothing but files, no code, for kind `sft` a model that can be served. */
export async function artefactIsWhole(directory: string, recipe: Recipe): Promise<boolean> {
  const paths: readonly string[] = await listFiles(directory).catch(() => []);
  if (paths.length === 0 || paths.some((path) => refused.test(path))) return false;
  const isModel =
    modelFiles.every((name) => paths.includes(name)) && weightFiles.some((name) => paths.includes(name));
  if (recipe.kind === 'sft' && !isModel) return false;
  if (recipe.kind === 'sft' && recipe.lora && !adapterFiles.every((name) => paths.includes(name)))
    return false;
  const files = await Promise.all(
    paths.map(async (path) => ({ path, size: (await stat(join(directory, path))).size })),
  );
  if ((await shardFault({ directory, files })) !== undefined) return false;
  return (await finiteFault({ directory, files })) === undefined;
}

/** The registered artefact of this run for the same recipe and data, if there is one. */
export async function findArtefact(
  ports: TrainingPorts,
  run: string,
  plan: TrainingPlan,
): Promise<TrainingResult | null> {
  const rows = await ports.database
    .selectFrom('artefacts')
    .select(['directory', 'metrics', 'sha256'])
    .where('run', '=', run)
    .where('dataset_sha256', '=', plan.datasetSha256)
    .orderBy('created_at', 'desc')
    .execute();
  for (const row of rows) {
    const { identity, result } = row.metrics as Metrics;
    if (identity === configSha(plan) && (await artefactDigest(row.directory)) === row.sha256) return result;
  }
  return null;
}

export interface FinishRequest {
  readonly run: string;
  readonly plan: TrainingPlan;
  readonly epoch: number;
  /** Attempts of this workflow. */
  readonly attempts: number;
  readonly steps: number;
  readonly finalLoss: number | null;
}

export async function finishTraining(ports: TrainingPorts, request: FinishRequest): Promise<TrainingResult> {
  const { run, plan, epoch } = request;
  const written = attemptLayout(ports.root, run, epoch).artefact;
  const known = await findArtefact(ports, run, plan);
  if (known) return known;
  const sha256 = await artefactDigest(written);
  if (!sha256) throw failure('Training.Failed', `the finished model of ${run} is missing: train again`);
  const directory = join(runDirectory(ports.root, run), 'artefacts', sha256);
  const result: TrainingResult = {
    run,
    state: 'succeeded',
    artefact: sha256,
    steps: request.steps,
    attempts: request.attempts,
    finalLoss: request.finalLoss,
    trainSeconds: await secondsOf(ports, run),
  };
  await ports.database
    .insertInto('artefacts')
    .values({
      run,
      sha256,
      directory,
      recipe: plan.recipe,
      dataset_sha256: plan.datasetSha256,
      metrics: toJson({ identity: configSha(plan), result } satisfies Metrics),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await tellOfModel(ports, result, plan);
  // Registered before it is moved: a retry finds either the model in its place, or the row and the model to be moved.
  await mkdir(join(directory, '..'), { recursive: true });
  await rm(directory, { recursive: true, force: true });
  await rename(written, directory);
  return result;
}

/** Before the model is moved, so that a model in its place has its card. No disk that is full fails a training for it. */
async function tellOfModel(ports: TrainingPorts, result: TrainingResult, plan: TrainingPlan): Promise<void> {
  await writeModelCard(ports, result, plan).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  });
}

interface Metrics {
  readonly identity: string;
  readonly result: TrainingResult;
}

async function artefactDigest(directory: string): Promise<string | undefined> {
  const files = await hashFiles(directory).catch(() => []);
  return files.length === 0 ? undefined : canonicalHash({ v: 1, files });
}

async function secondsOf(ports: TrainingPorts, run: string): Promise<number> {
  const rows = await ports.database
    .selectFrom('training_attempts')
    .select(['started_at', 'ended_at'])
    .where('run', '=', run)
    .execute();
  const ms = rows.reduce(
    (sum, row) => sum + ((row.ended_at ?? row.started_at).getTime() - row.started_at.getTime()),
    0,
  );
  return Math.round(ms / 100) / 10;
}

/** The newest finished model of a run, verified. Throws `Input.NotFound` or `Storage.Corrupt`. */
export async function findServable(
  database: TrainingPorts['database'],
  run: string,
): Promise<{ readonly sha256: string; readonly directory: string }> {
  const row = await database
    .selectFrom('artefacts')
    .select(['sha256', 'directory'])
    .where('run', '=', run)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  if (!row)
    throw failure('Input.NotFound', `${run} has no finished model; train it with "masgpt train --name …"`);
  if ((await artefactDigest(row.directory)) === row.sha256) return row;
  throw failure(
    'Storage.Corrupt',
    `the model of ${run} in ${row.directory} has changed since it was trained: train it again`,
  );
}
