/**
 * Checkpoints of a run: verified after saving, vouched for in the database, verified again before each resume. A damaged
 * one is moved to quarantine and the next older one is used; the last three verified ones are kept.
 */
import { mkdir, rename, rm, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toJson } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import { runDirectory, writeWhole } from './layout.ts';
import { hashFiles, type Manifest, type ManifestFile, manifestDigest } from './manifest.ts';
import type { Recipe } from './recipe.ts';
import { findFault } from './safetensors.ts';

const keep = 3;

export interface CheckpointScope {
  readonly database: Database;
  /** HOME/training. */
  readonly root: string;
  readonly run: string;
  /** Only checkpoints of the same recipe and data are resumed from. */
  readonly configSha: string;
  readonly dataSha: string;
}

export interface Checkpoint {
  readonly step: number;
  readonly epoch: number;
  readonly directory: string;
}

export interface Quarantined {
  readonly step: number;
  readonly reason: string;
}

/** Verifies what a `save` event names and records it; a fault is returned, and then the directory is no checkpoint. */
export async function registerCheckpoint(
  scope: CheckpointScope,
  saved: Checkpoint & {
    readonly versions: Readonly<Record<string, string>>;
    readonly parentStep: number | null;
  },
  recipe: Recipe,
): Promise<string | undefined> {
  const known = await scope.database
    .selectFrom('training_checkpoints')
    .select('state')
    .where('run', '=', scope.run)
    .where('step', '=', saved.step)
    .where('epoch', '=', saved.epoch)
    .executeTakeFirst();
  if (known) return undefined;
  const files = await hashFiles(saved.directory).catch(() => []);
  const fault = await faultOf(saved, files, recipe).catch((error: unknown) => String(error).slice(0, 300));
  const { step, epoch, versions, parentStep } = saved;
  const { run, configSha, dataSha } = scope;
  const manifest: Manifest = {
    v: 1,
    run,
    epoch,
    step,
    worldSize: 1,
    files,
    finite: !fault,
    configSha,
    dataSha,
    versions,
    parentStep,
  };
  // Outside the checkpoint's directory: a file written into it would change its time, by which others rotate.
  if (!fault) {
    const path = join(runDirectory(scope.root, run), 'manifests', `${step}.${epoch}.json`);
    await writeWhole(path, JSON.stringify(manifest));
  }
  await scope.database
    .insertInto('training_checkpoints')
    .values({
      run,
      step,
      epoch,
      directory: saved.directory,
      digest: manifestDigest(manifest),
      manifest: toJson(manifest),
      state: fault ? 'quarantined' : 'verified',
      reason: fault ?? null,
    } as never)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  if (fault) return fault;
  await prune(scope);
  return undefined;
}

/** Steps with a verified checkpoint, rising. */
export async function verifiedSteps(scope: CheckpointScope): Promise<number[]> {
  const steps = (await verified(scope)).map((row) => row.step);
  return [...new Set(steps)].toSorted((a, b) => a - b);
}

/**
 * The newest checkpoint (at most `fromStep`) that is still what was recorded, or null when there never was one.
 * `lost` = there were some and none is whole: the caller must not start over silently.
 */
export async function chooseCheckpoint(
  scope: CheckpointScope,
  fromStep?: number,
): Promise<{
  readonly checkpoint: Checkpoint | null;
  readonly quarantined: readonly Quarantined[];
  readonly lost: boolean;
}> {
  const quarantined: Quarantined[] = [];
  for (const row of await verified(scope)) {
    if (fromStep !== undefined && row.step > fromStep) {
      await quarantine(scope, row, 'set aside by the operator');
      continue;
    }
    const reason = await changeOf(row);
    if (!reason) return { checkpoint: row, quarantined, lost: false };
    await quarantine(scope, row, reason);
    quarantined.push({ step: row.step, reason });
  }
  return { checkpoint: null, quarantined, lost: quarantined.length > 0 };
}

interface Row extends Checkpoint {
  readonly digest: string;
  readonly manifest: Manifest;
}

/** Newest first; of one step, the newest epoch first. */
async function verified(scope: CheckpointScope): Promise<Row[]> {
  const rows = await scope.database
    .selectFrom('training_checkpoints')
    .select(['step', 'epoch', 'directory', 'digest', 'manifest'])
    .where('run', '=', scope.run)
    .where('state', '=', 'verified')
    .orderBy('step', 'desc')
    .orderBy('epoch', 'desc')
    .execute();
  return (rows as Row[]).filter(
    ({ manifest }) => manifest.configSha === scope.configSha && manifest.dataSha === scope.dataSha,
  );
}

/** Whether the directory is a whole checkpoint of its step. HF resumes silently without an optimizer: here it is none. */
async function faultOf(
  saved: Checkpoint,
  files: readonly ManifestFile[],
  recipe: Recipe,
): Promise<string | undefined> {
  const required =
    recipe.kind === 'sft'
      ? ['model.safetensors', 'optimizer.pt', 'scheduler.pt', 'rng_state.pth']
      : recipe.checkpointFiles;
  for (const name of ['trainer_state.json', ...required]) {
    if (!files.some((file) => file.path === name && file.size > 0)) return `${name} is missing`;
  }
  const state: unknown = JSON.parse(await readFile(join(saved.directory, 'trainer_state.json'), 'utf8'));
  const step = (state as { global_step?: unknown }).global_step;
  if (step !== saved.step) return `trainer_state.json says step ${String(step)}, the directory ${saved.step}`;
  return firstFault(saved.directory, files);
}

async function firstFault(directory: string, files: readonly ManifestFile[]): Promise<string | undefined> {
  for (const { path } of files.filter((file) => file.path.endsWith('.safetensors'))) {
    const fault = await findFault(join(directory, path));
    if (fault) return `${path}: ${fault}`;
  }
  return undefined;
}

async function changeOf(row: Row): Promise<string | undefined> {
  if (manifestDigest(row.manifest) !== row.digest) return 'the manifest does not match its digest';
  if (!(await stat(row.directory).catch(() => undefined))) return 'the directory is missing';
  const now = await hashFiles(row.directory);
  for (const file of row.manifest.files) {
    const found = now.find((other) => other.path === file.path);
    if (!found) return `${file.path} is missing`;
    if (found.sha256 !== file.sha256) return `${file.path} has changed`;
  }
  return now.length === row.manifest.files.length ? undefined : 'files were added';
}

async function quarantine(scope: CheckpointScope, row: Checkpoint, reason: string): Promise<void> {
  const target = join(runDirectory(scope.root, scope.run), 'quarantine', `${row.step}.${row.epoch}`);
  await mkdir(join(target, '..'), { recursive: true });
  await rm(target, { recursive: true, force: true });
  await rename(row.directory, target).catch(() => {});
  await setState(scope, row, 'quarantined', reason);
}

/** Deletes only once newer ones are verified. */
async function prune(scope: CheckpointScope): Promise<void> {
  for (const row of (await verified(scope)).slice(keep)) {
    await setState(scope, row, 'pruned', null);
    if (basename(row.directory).startsWith('checkpoint'))
      await rm(row.directory, { recursive: true, force: true });
  }
}

async function setState(
  scope: CheckpointScope,
  row: Checkpoint,
  state: 'quarantined' | 'pruned',
  reason: string | null,
): Promise<void> {
  await scope.database
    .updateTable('training_checkpoints')
    .set({ state, reason })
    .where('run', '=', scope.run)
    .where('step', '=', row.step)
    .where('epoch', '=', row.epoch)
    .execute();
}
