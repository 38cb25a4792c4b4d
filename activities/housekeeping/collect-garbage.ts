/**
 * Garbage collection: removes what no listed run can need, and nothing else. What the runs of the table `runs` can need:
 * every cell of their matrices, every execution of their own, what a refiner or a generator wrote for their queries, the
 * replies of their refiner, and every blob whose address stands in their input, result, plan, rows, or in such a blob.
 * Runs may go on meanwhile: blobs younger than an hour, or than the oldest open run, stay, and no plan is opened during it.
 */
import { readdir, rm } from 'node:fs/promises';
import { sql } from 'kysely';
import { namePattern } from '../../workflows/shared/names.ts';
import { failure } from '../failure.ts';
import { type BlobFile, discardBlob, removeAbandonedParts, walkBlobs } from '../storage/blob-files.ts';
import { createDirectoryBlobs } from '../storage/blobs-directory.ts';
import { collectionLock } from '../storage/run-plans.ts';
import type { Database } from '../storage/tables.ts';
import { runDirectory } from '../training/layout.ts';
import { markCells } from './mark-cells.ts';
import { reachableBlobs } from './reachable-blobs.ts';
import { addressesOf } from './roots.ts';
import { type SweptRows, sweepRows } from './sweep-rows.ts';

export interface CollectOptions {
  readonly database: Database;
  readonly blobDirectory: string;
  /** HOME/training. */
  readonly trainingDirectory: string;
  /** sha256 of the pool's programs. */
  readonly poolPrograms: readonly string[];
  /** How long Temporal keeps closed histories: payloads are kept a day longer. */
  readonly retentionMs: number;
  /** Says what would go, and removes nothing. */
  readonly dryRun: boolean;
  /** Takes this run (KIND/NAME) off the list first, and then removes only what it made or named. It must not be open. */
  readonly deleted?: { readonly namespace: string; readonly run: string } | undefined;
}

export interface Collected extends SweptRows {
  readonly blobs: number;
  readonly blobBytes: number;
  /** Directories of training runs. */
  readonly directories: readonly string[];
}

const graceMs = 3_600_000;
/** A run that is about to be claimed has put its blobs already. */
const deletedGraceMs = 60_000;
const dayMs = 86_400_000;

export async function collectGarbage(options: CollectOptions): Promise<Collected> {
  const files = new Map<string, BlobFile>();
  for await (const file of walkBlobs(options.blobDirectory)) files.set(file.sha256, file);
  const { swept, blobs, directories } = await inTransaction(options, (transaction) =>
    collect(transaction, options, files),
  );
  // After the commit: a file that is gone while its row stays would be a loss, one that stays is found next time.
  const gone: BlobFile[] = [];
  for (const file of blobs) if (options.dryRun || (await discardBlob(file))) gone.push(file);
  if (!options.dryRun) {
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
    await removeAbandonedParts(options.blobDirectory, Date.now() - dayMs);
  }
  const blobBytes = gone.reduce((sum, { bytes }) => sum + bytes, 0);
  return { ...swept, blobs: gone.length, blobBytes, directories };
}

/** Rolled back in a dry run. */
async function inTransaction<T>(
  { database, dryRun }: CollectOptions,
  body: (transaction: Database) => Promise<T>,
): Promise<T> {
  const transaction = await database.startTransaction().execute();
  try {
    await sql`select pg_advisory_xact_lock(${collectionLock})`.execute(transaction);
    const result = await body(transaction);
    await (dryRun ? transaction.rollback() : transaction.commit()).execute();
    return result;
  } catch (error) {
    if (!transaction.isCommitted) await transaction.rollback().execute();
    throw error;
  }
}

interface Doomed {
  readonly swept: SweptRows;
  readonly blobs: readonly BlobFile[];
  readonly directories: readonly string[];
}

async function collect(
  transaction: Database,
  options: CollectOptions,
  files: ReadonlyMap<string, BlobFile>,
): Promise<Doomed> {
  const { deleted, poolPrograms, retentionMs } = options;
  const own = deleted && (await reachableBlobs(files, await addressesOf(transaction, deleted.run)));
  if (deleted) await unlist(transaction, deleted);
  const oldestOpenMs = await oldestOpen(transaction);
  await markCells(transaction, createDirectoryBlobs(options.blobDirectory), await plansOf(transaction));
  const unusedSince = new Date(Math.min(Date.now() - retentionMs, oldestOpenMs) - dayMs);
  const swept = await sweepRows(transaction, { run: deleted?.run, poolPrograms, unusedSince });

  const needed = await reachableBlobs(files, await addressesOf(transaction));
  const unusedSinceMs = Math.min(Date.now() - (deleted ? deletedGraceMs : graceMs), oldestOpenMs);
  const blobs = [...files.values()].filter(
    ({ sha256, usedMs }) => !needed.has(sha256) && usedMs < unusedSinceMs && (!own || own.has(sha256)),
  );
  return { swept, blobs, directories: await staleDirectories(transaction, options) };
}

async function unlist(
  transaction: Database,
  { namespace, run }: NonNullable<CollectOptions['deleted']>,
): Promise<void> {
  const { rows } = await sql`
    delete from runs where namespace = ${namespace} and kind || '/' || name = ${run} and state <> 'running'
    returning name`.execute(transaction);
  if (rows.length === 0)
    throw failure('Input.Invalid', `${run} is not there, or is running: cancel it first`);
}

async function oldestOpen(transaction: Database): Promise<number> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(started_at) as at from runs where state = 'running'`.execute(transaction);
  return rows[0]?.at?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** Of the listed runs; those of others are forgotten. */
async function plansOf(transaction: Database): Promise<string[]> {
  await sql`
    delete from run_plans p where not exists (
      select 1 from runs r where p.namespace = r.namespace and p.run = r.kind || '/' || r.name)`.execute(
    transaction,
  );
  const { rows } = await sql<{ plan: string }>`select distinct plan from run_plans`.execute(transaction);
  return rows.map(({ plan }) => plan);
}

/** Of training runs that are not listed. */
async function staleDirectories(
  transaction: Database,
  { trainingDirectory, deleted }: CollectOptions,
): Promise<string[]> {
  const names = await readdir(trainingDirectory).catch(() => []);
  const { rows } = await sql<{ name: string }>`select name from runs where kind = 'training'`.execute(
    transaction,
  );
  const listed = new Set(rows.map(({ name }) => name));
  return names
    .filter((name) => namePattern.test(name) && !listed.has(name))
    .map((name) => `training/${name}`)
    .filter((run) => !deleted || run === deleted.run)
    .map((run) => runDirectory(trainingDirectory, run));
}
