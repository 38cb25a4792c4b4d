/**
 * Checkpoints of a run: a `save` event makes one known, its files are hashed and checked here, outside the trainer, and
 * PostgreSQL vouches for the digest. A fault never ends the watch: the trainer goes on, the directory is no checkpoint.
 */
import { toJson, toText } from '../storage/encode.ts';
import { partsDirectory, placeFault } from './checkpoints/confine.ts';
import { type Parts, readParts } from './checkpoints/parts.ts';
import { prune } from './checkpoints/retention.ts';
import {
  type Checkpoint,
  type CheckpointRow,
  checkpointRows,
  type CheckpointScope,
  type Draft,
  verifiedRows,
} from './checkpoints/rows.ts';
import { manifestPath, quarantine } from './checkpoints/settle.ts';
import { wholeFault } from './checkpoints/whole.ts';
import { failure, isFailure } from '../failure.ts';
import { writeWhole } from './layout.ts';
import { hashFiles, type Manifest, type ManifestFile, manifestDigest, UnfitFile } from './manifest.ts';
import type { Recipe } from './recipe.ts';

export type { Checkpoint, CheckpointScope } from './checkpoints/rows.ts';

/** What the events say; all of it is foreign. */
export interface SavedCheckpoint extends Checkpoint {
  /** Of the attempt's `hello`. */
  readonly worldSize: number;
  /** Paths of parts that save events of this step named, of one rank at least. Empty = this trainer writes none. */
  readonly parts: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly parentStep: number | null;
  /** Of the last `eval` or `log` before it: what `keep.best` looks at. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export type Registered =
  | { readonly kind: 'verified' }
  | { readonly kind: 'quarantined'; readonly reason: string }
  /** Ranks whose part is not there: call again at their `save` event. */
  | { readonly kind: 'waiting'; readonly missing: readonly number[] }
  /** The disk or the network did not answer: the next launch looks again. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** Decided earlier. */
  | { readonly kind: 'known' };

const maxRanks = 1_024;
const maxPathChars = 4_096;
const maxMetrics = 32;

/** Called at every `save` event of every rank; may be repeated. Throws what the database throws. */
export async function registerCheckpoint(
  scope: CheckpointScope,
  saved: SavedCheckpoint,
  recipe: Recipe,
): Promise<Registered> {
  const refused = refusal(saved, recipe);
  if (refused) return { kind: 'quarantined', reason: refused };
  const row = await enter(scope, saved);
  if (row.state !== 'saved') return { kind: 'known' };
  const found =
    row.directory === saved.directory
      ? await verify(scope, { ...saved, draft: row.draft ?? draftOf(scope, saved) }, recipe)
      : ({ kind: 'quarantined', reason: 'two save events of this step name different directories' } as const);
  // Another watch of the attempt may have decided meanwhile.
  if (found.kind === 'quarantined') await quarantine(scope, saved, found.reason, 'saved');
  if (found.kind === 'verified') await pruneQuietly(scope, recipe, saved.epoch);
  return found;
}

/** Looks again at what was saved and not decided; the attempts that saved it are dead. */
export async function settleSaved(scope: CheckpointScope, recipe: Recipe): Promise<void> {
  for (const row of await checkpointRows(scope, 'saved')) {
    const { draft } = row;
    if (draft?.configSha !== scope.configSha || draft.dataSha !== scope.dataSha) {
      await quarantine(scope, row, 'the run went on with another recipe or other data');
      continue;
    }
    const found = await verify(scope, { ...row, draft }, recipe);
    if (found.kind === 'quarantined') await quarantine(scope, row, found.reason);
    if (found.kind === 'waiting')
      await quarantine(scope, row, `the save is torn: rank ${found.missing.join(', ')} never ended it`);
    if (found.kind === 'unreadable') throw failure('Storage.Unavailable', found.reason);
  }
}

/** Steps with a verified checkpoint, rising. */
export async function verifiedSteps(scope: CheckpointScope): Promise<number[]> {
  const steps = (await verifiedRows(scope)).map((row) => row.step);
  return [...new Set(steps)].toSorted((a, b) => a - b);
}

/** What is not worth a row: a hostile trainer must not fill the registry. */
function refusal(saved: SavedCheckpoint, recipe: Recipe): string | undefined {
  const { step, worldSize, directory } = saved;
  if (!Number.isSafeInteger(step) || step < 0 || step > recipe.maxSteps)
    return `step ${step} is not between 0 and ${recipe.maxSteps}`;
  if (!Number.isSafeInteger(worldSize) || worldSize < 1 || worldSize > maxRanks)
    return `${worldSize} ranks are not between 1 and ${maxRanks}`;
  if (directory.length > maxPathChars || directory.includes('\0')) return 'its directory is no path';
  return undefined;
}

/** The row of this step and attempt, made when it is not there. */
async function enter(scope: CheckpointScope, saved: SavedCheckpoint): Promise<CheckpointRow> {
  const { step, epoch, directory, worldSize } = saved;
  const { run } = scope;
  const metrics = Object.entries(saved.metrics ?? {}).slice(0, maxMetrics);
  await scope.database
    .insertInto('training_checkpoints')
    .values({
      ...{ run, step, epoch, directory: toText(directory), state: 'saved', world_size: worldSize },
      manifest: toJson(draftOf(scope, saved)),
      metrics: toJson(Object.fromEntries(metrics)),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = (await checkpointRows(scope)).find((other) => other.step === step && other.epoch === epoch);
  if (!row) throw new Error(`the row of checkpoint ${step} of ${run} is gone`);
  return row;
}

function draftOf({ configSha, dataSha }: CheckpointScope, saved: SavedCheckpoint): Draft {
  const { versions, parentStep, parts } = saved;
  return { configSha, dataSha, versions, parentStep, hasParts: parts.length > 0 };
}

/** Decides by the files, and records it when they are whole. */
async function verify(
  scope: CheckpointScope,
  row: Checkpoint & { readonly worldSize: number; readonly draft: Draft },
  recipe: Recipe,
): Promise<Registered> {
  const found = await inspect(scope, row, recipe);
  if (found.kind !== 'whole') return found;
  try {
    await vouch(scope, row, found.files);
    return { kind: 'verified' };
  } catch (error) {
    if (!isOfDisk(error)) throw error;
    return { kind: 'unreadable', reason: `checkpoint ${row.step}: ${String(error).slice(0, 200)}` };
  }
}

async function inspect(
  scope: CheckpointScope,
  row: Checkpoint & { readonly worldSize: number; readonly draft: Draft },
  recipe: Recipe,
): Promise<Registered | { readonly kind: 'whole'; readonly files: readonly ManifestFile[] }> {
  try {
    const misplaced = await placeFault({ ...scope, epoch: row.epoch }, row.directory);
    if (misplaced) return { kind: 'quarantined', reason: misplaced };
    const parts = await partsOf(scope, row);
    if (parts.kind === 'broken') return { kind: 'quarantined', reason: parts.fault };
    if (parts.kind === 'waiting') return parts;
    const files = await hashFiles(row.directory);
    const reason = await wholeFault({ ...row, files, parts: parts.parts }, recipe);
    return reason ? { kind: 'quarantined', reason } : { kind: 'whole', files };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = `checkpoint ${row.step}: ${String(error).slice(0, 200)}`;
    // A file that vanished, or is none, is a fault of the checkpoint; a disk that does not answer says nothing about it.
    if (error instanceof UnfitFile || code === 'ENOENT' || code === 'ELOOP')
      return { kind: 'quarantined', reason };
    if (isOfDisk(error)) return { kind: 'unreadable', reason };
    throw error;
  }
}

function isOfDisk(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && /^E[A-Z0-9]+$/.test(code);
}

async function partsOf(
  scope: CheckpointScope,
  { step, epoch, worldSize, draft }: Checkpoint & { readonly worldSize: number; readonly draft: Draft },
): Promise<Parts> {
  if (worldSize === 1 && !draft.hasParts) return { kind: 'whole', parts: null };
  return readParts(partsDirectory({ ...scope, epoch }), step, worldSize);
}

/** The file first, then the row: a verified row always has its file. */
async function vouch(
  scope: CheckpointScope,
  row: Checkpoint & { readonly worldSize: number; readonly draft: Draft },
  files: readonly ManifestFile[],
): Promise<void> {
  const { step, epoch, worldSize, draft } = row;
  const { run, database } = scope;
  const { configSha, dataSha, versions, parentStep } = draft;
  const manifest: Manifest = {
    ...{ v: 1, run, epoch, step, worldSize, files, finite: true },
    ...{ configSha, dataSha, versions, parentStep },
  };
  // Outside the checkpoint's directory: a file written into it would change its time, by which others rotate.
  await writeWhole(manifestPath(scope, row), JSON.stringify(manifest));
  await database
    .updateTable('training_checkpoints')
    .set({
      ...{ state: 'verified', reason: null, checked_at: new Date() },
      digest: manifestDigest(manifest),
      manifest: toJson(manifest),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
    })
    .where('run', '=', run)
    .where('step', '=', step)
    .where('epoch', '=', epoch)
    .where('state', '=', 'saved')
    .execute();
}

/** What cannot be deleted now stays `pending` in the registry and is tried again at the next save and the next launch. */
async function pruneQuietly(scope: CheckpointScope, recipe: Recipe, living: number): Promise<void> {
  try {
    await prune(scope, recipe.keep, living);
  } catch (error) {
    if (!isFailure(error, 'Storage.Unavailable')) throw error;
  }
}
