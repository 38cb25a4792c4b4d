/**
 * Copies of verified checkpoints in a bucket. Files lie there by their sha256, so that what checkpoints share is sent once;
 * the manifest names them. A copy counts when every byte was read back from the bucket and hashed, at the reader's side.
 * Nothing is ever deleted there: that is the bucket's own life cycle.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure, isFailure } from '../../failure.ts';
import { canonicalJson } from '../../storage/canonical-json.ts';
import { toText } from '../../storage/encode.ts';
import type { Bucket } from '../../storage/s3-bucket.ts';
import { type ManifestFile, manifestDigest } from '../manifest.ts';
import { placeFault } from './confine.ts';
import { changeOf } from './recheck.ts';
import { type CheckpointRow, type CheckpointScope, checkpointRows } from './rows.ts';

export interface CopyPlace {
  readonly bucket: Bucket;
  /** Names the bucket in the database: `BUCKET/PREFIX`. */
  readonly name: string;
  readonly prefix: string;
}

type Scope = Pick<CheckpointScope, 'database' | 'root' | 'run'>;

export interface Copied {
  readonly step: number;
  /** Undefined = there, and read back whole. */
  readonly problem: string | undefined;
}

/** Copies each verified checkpoint that has no verified copy, newest first. Problems are recorded and returned. */
export async function copyMissing(scope: Scope, place: CopyPlace): Promise<Copied[]> {
  const done = await scope.database
    .selectFrom('training_checkpoint_copies')
    .select(['step', 'epoch', 'digest'])
    .where('run', '=', scope.run)
    .where('place', '=', place.name)
    .where('verified_at', 'is not', null)
    .execute();
  const copied: Copied[] = [];
  for (const row of await checkpointRows(scope, 'verified')) {
    if (
      done.some(
        ({ step, epoch, digest }) => step === row.step && epoch === row.epoch && digest === row.digest,
      )
    )
      continue;
    copied.push({ step: row.step, problem: await copyOne(scope, place, row) });
  }
  return copied;
}

async function copyOne(scope: Scope, place: CopyPlace, row: CheckpointRow): Promise<string | undefined> {
  const problem = await send(scope, place, row).then(
    () => undefined,
    (error: unknown) => {
      if (isFailure(error) || (error as NodeJS.ErrnoException).code !== undefined)
        return (error as Error).message;
      throw error;
    },
  );
  const { run } = scope;
  const now = { digest: row.digest ?? '', verified_at: problem === undefined ? new Date() : null };
  const values = { ...now, problem: problem === undefined ? null : toText(problem.slice(0, 300)) };
  await scope.database
    .insertInto('training_checkpoint_copies')
    .values({ run, step: row.step, epoch: row.epoch, place: place.name, ...values })
    .onConflict((conflict) => conflict.columns(['run', 'step', 'epoch', 'place']).doUpdateSet(values))
    .execute();
  return problem;
}

/** The manifest goes last: where it is, all its files are. */
async function send(scope: Scope, { bucket, prefix }: CopyPlace, row: CheckpointRow): Promise<void> {
  const { manifest } = row;
  if (!manifest || manifestDigest(manifest) !== row.digest)
    throw failure('Storage.Corrupt', 'the manifest in the database does not match its digest');
  for (const file of manifest.files) {
    const key = fileKey(prefix, file);
    if ((await bucket.size(key)) !== file.size) await bucket.putFile(key, join(row.directory, file.path));
    const fault = await readBack(bucket, key, file);
    if (fault === undefined) continue;
    // An object that is not what its name says must not stand for it: it is sent once more.
    await bucket.putFile(key, join(row.directory, file.path));
    const again = await readBack(bucket, key, file);
    if (again !== undefined) throw failure('Storage.Corrupt', `${file.path}: ${again}`);
  }
  // Retention may have deleted it meanwhile, or a disk error lie in what was sent.
  const change = await changeOf(scope, row);
  if (change !== undefined) throw failure('Storage.Corrupt', change);
  await bucket.putText(manifestKey(prefix, scope.run, row), canonicalJson(manifest));
}

async function readBack(bucket: Bucket, key: string, file: ManifestFile): Promise<string | undefined> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of await bucket.read(key)) {
    hash.update(chunk);
    size += chunk.length;
  }
  if (size !== file.size) return `its copy has ${size} bytes instead of ${file.size}`;
  return hash.digest('hex') === file.sha256 ? undefined : 'its copy has other bytes';
}

/**
 * Brings a damaged or lost checkpoint back into its own directory, every byte checked on its way. Returns whether it is there.
 * The damaged directory must be gone (quarantine moves it).
 */
export async function restoreCopy(scope: Scope, place: CopyPlace, row: CheckpointRow): Promise<boolean> {
  const { manifest, digest, directory } = row;
  if (!manifest || manifestDigest(manifest) !== digest || !(await hasCopy(scope, place, row))) return false;
  if ((await placeFault({ ...scope, epoch: row.epoch }, directory)) !== 'the directory is missing')
    return false;
  const draft = join(dirname(directory), `.restoring-${row.step}`);
  await rm(draft, { recursive: true, force: true });
  for (const file of manifest.files) {
    const fault = await fetchFile(place, file, join(draft, file.path));
    if (fault === undefined) continue;
    await rm(draft, { recursive: true, force: true });
    throw failure(
      'Storage.Corrupt',
      `the copy of checkpoint ${row.step} is damaged, too: ${file.path}: ${fault}`,
    );
  }
  await rename(draft, directory);
  return true;
}

async function hasCopy({ database, run }: Scope, place: CopyPlace, row: CheckpointRow): Promise<boolean> {
  const found = await database
    .selectFrom('training_checkpoint_copies')
    .select('digest')
    .where('run', '=', run)
    .where('step', '=', row.step)
    .where('epoch', '=', row.epoch)
    .where('place', '=', place.name)
    .where('verified_at', 'is not', null)
    .executeTakeFirst();
  return found?.digest === row.digest;
}

async function fetchFile(place: CopyPlace, file: ManifestFile, path: string): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const target = await open(path, 'wx');
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of await place.bucket.read(fileKey(place.prefix, file))) {
      size += chunk.length;
      if (size > file.size) return 'it is longer than the manifest says';
      hash.update(chunk);
      await target.writeFile(chunk);
    }
    await target.sync();
    return hash.digest('hex') === file.sha256 ? undefined : 'it has other bytes';
  } finally {
    await target.close();
  }
}

function fileKey(prefix: string, { sha256 }: ManifestFile): string {
  return `${prefix}/files/${sha256.slice(0, 2)}/${sha256}`;
}

/** `run` is `training/NAME`. */
function manifestKey(prefix: string, run: string, { step, epoch }: CheckpointRow): string {
  return `${prefix}/${run}/${step}.${epoch}.json`;
}
