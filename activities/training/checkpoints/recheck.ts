/** Whether a verified checkpoint is still, byte for byte, what was recorded. Read only. */
import { readFile } from 'node:fs/promises';
import { hashFiles, manifestDigest, UnfitFile } from '../manifest.ts';
import { absent, placeFault } from './confine.ts';
import type { CheckpointRow, CheckpointScope } from './rows.ts';
import { manifestPath } from './settle.ts';

/** Undefined when unchanged. Throws on I/O errors, which say nothing about the checkpoint. */
export async function changeOf(
  scope: Pick<CheckpointScope, 'root' | 'run'>,
  row: CheckpointRow,
): Promise<string | undefined> {
  const { manifest, digest } = row;
  if (digest === null || manifest === null || manifestDigest(manifest) !== digest)
    return 'the manifest in the database does not match its digest';
  if (manifest.run !== scope.run || manifest.step !== row.step || manifest.epoch !== row.epoch)
    return 'the manifest is of another checkpoint';
  const written = await readFile(manifestPath(scope, row), 'utf8').catch(absent);
  if (written === undefined) return 'the manifest file is missing';
  if (digestOf(written) !== digest) return 'the manifest file does not match the digest in the database';
  const misplaced = await placeFault({ ...scope, epoch: row.epoch }, row.directory);
  if (misplaced) return misplaced;
  return changedFile(row.directory, manifest.files);
}

async function changedFile(
  directory: string,
  recorded: readonly { readonly path: string; readonly size: number; readonly sha256: string }[],
): Promise<string | undefined> {
  const found = await hashFiles(directory).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UnfitFile || error.code === 'ENOENT' || error.code === 'ELOOP') return error.message;
    throw error;
  });
  if (typeof found === 'string') return found;
  const now = new Map(found.map((file) => [file.path, file]));
  for (const file of recorded) {
    const other = now.get(file.path);
    if (!other) return `${file.path} is missing`;
    if (other.size !== file.size) return `${file.path} has ${other.size} bytes instead of ${file.size}`;
    if (other.sha256 !== file.sha256) return `${file.path} has changed`;
    now.delete(file.path);
  }
  const [added] = now.keys();
  return added === undefined ? undefined : `${added.slice(0, 200)} was added`;
}

function digestOf(text: string): string | undefined {
  try {
    return manifestDigest(JSON.parse(text));
  } catch {
    return undefined;
  }
}
