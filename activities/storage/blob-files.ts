/** The files of a blob directory, for housekeeping: what is there, how old, and the removal of one that nobody has used since. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { partsFolder } from './blobs-directory.ts';

export interface BlobFile {
  /** Its address. */
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, or put again. */
  readonly usedMs: number;
}

/** Whole blobs only; nothing when there is no directory yet. */
export async function* walkBlobs(directory: string): AsyncGenerator<BlobFile> {
  for (const first of await namesIn(directory, /^[0-9a-f]{2}$/)) {
    for (const second of await namesIn(join(directory, first), /^[0-9a-f]{2}$/)) {
      const folder = join(directory, first, second);
      for (const sha256 of await namesIn(folder, /^[0-9a-f]{64}$/)) {
        const path = join(folder, sha256);
        const status = await stat(path).catch(() => null);
        if (status?.isFile()) yield { sha256, path, bytes: status.size, usedMs: status.mtimeMs };
      }
    }
  }
}

/** False when it was put again meanwhile: then it stays. */
export async function discardBlob(file: BlobFile): Promise<boolean> {
  const aside = `${file.path}.discarded`;
  try {
    await rename(file.path, aside);
    const { mtimeMs } = await stat(aside);
    if (mtimeMs > file.usedMs) {
      await rename(aside, file.path);
      return false;
    }
    await rm(aside);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Of blobs whose writer died before they were whole: nobody wrote to them since `beforeMs`. */
export async function removeAbandonedParts(directory: string, beforeMs: number): Promise<void> {
  const folder = join(directory, partsFolder);
  for (const name of await namesIn(folder, /^[0-9a-f-]{36}$/)) {
    const status = await stat(join(folder, name)).catch(() => null);
    if (status && status.mtimeMs < beforeMs) await rm(join(folder, name), { force: true });
  }
}

async function namesIn(directory: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names.filter((name) => pattern.test(name)).toSorted();
}
