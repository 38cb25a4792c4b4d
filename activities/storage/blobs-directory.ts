/**
 * Blobs as files: DIRECTORY/ab/cd/SHA256. A blob is written beside its place, synced and renamed, so that a crash leaves
 * either nothing or the whole; its digest is checked at each read.
 */
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure } from '../failure.ts';
import type { Blobs, BlobWriter } from './blobs.ts';

export function createDirectoryBlobs(directory: string): Blobs {
  const get = async (sha256: string): Promise<Buffer> => {
    const data = await read(pathOf(directory, sha256), sha256);
    if (digestOf(data) !== sha256) {
      throw failure(
        'Storage.Corrupt',
        `blob ${sha256} no longer matches its address: restore it from a copy`,
      );
    }
    return data;
  };
  return {
    async put(data) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      const sha256 = digestOf(bytes);
      await write(pathOf(directory, sha256), bytes);
      return sha256;
    },
    get,
    getText: async (sha256) => (await get(sha256)).toString('utf8'),
    has: (sha256) => exists(pathOf(directory, sha256)),
    open: () => openWriter(directory),
  };
}

/** Of blobs that are being written a piece at a time: their address is not known before the end. */
export const partsFolder = 'parts';
/** So many bytes are gathered for one write to the file. */
const gatherBytes = 256 * 1024;

async function openWriter(directory: string): Promise<BlobWriter> {
  const part = join(directory, partsFolder, randomUUID());
  const stored = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => Promise.reject(toBlobFailure(error)));
  await stored(mkdir(dirname(part), { recursive: true }));
  const file = await stored(open(part, 'wx', 0o644));
  const hash = createHash('sha256');
  let gathered: Buffer[] = [];
  let waiting = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const data = Buffer.concat(gathered);
    gathered = [];
    waiting = 0;
    hash.update(data);
    await stored(file.writeFile(data));
  };
  return {
    async write(data) {
      const piece = Buffer.from(data);
      gathered.push(piece);
      bytes += piece.byteLength;
      if ((waiting += piece.byteLength) >= gatherBytes) await flush();
    },
    async finish() {
      await flush();
      const sha256 = hash.digest('hex');
      await stored(file.sync().finally(() => file.close()));
      const path = pathOf(directory, sha256);
      if (!(await touch(path))) await stored(moveInto(part, path));
      return { sha256, bytes };
    },
    async [Symbol.asyncDispose]() {
      await file.close().catch(() => {});
      await rm(part, { force: true });
    },
  };
}

function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** An address never names a path outside the directory. */
function pathOf(directory: string, sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw failure('Input.NotFound', 'a blob address is a lower-case hex sha256');
  return join(directory, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

async function read(path: string, sha256: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw failure('Input.NotFound', `there is no blob ${sha256} in this store`);
    throw toBlobFailure(error);
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  if (await touch(path)) return;
  const part = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(part, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveInto(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw toBlobFailure(error);
  }
}

async function moveInto(part: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rename(part, path);
  await syncDirectory(dirname(path));
}

/** False when it is not there. What is put again counts as used: garbage collection spares it. */
async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT' && exists(path),
  );
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A full disk is `Storage.Full`; anything else that the file system refuses is `Storage.Unavailable`. */
export function toBlobFailure(error: unknown): Error {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return failure(
      'Storage.Full',
      'the disk of the blob directory is full: free space there; the work goes on by itself',
      {
        cause: error,
      },
    );
  }
  return failure('Storage.Unavailable', `the blob directory cannot be used (${code || String(error)})`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
