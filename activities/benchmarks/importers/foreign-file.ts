/**
 * Opens a file that others made: a regular file, not empty, of a bounded size. Pipes, devices and directories are refused without
 * being waited for. Its kind shows in its first bytes; its name is never asked.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { failure } from '../../failure.ts';

export type FileKind = 'gzip' | 'parquet' | 'text';

export interface ForeignFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
  readonly kind: FileKind;
}

export const maxFileBytes = 2 * 1024 ** 3;

/** What files are taken for benchmarks by mistake, by their first bytes as latin1. */
const others: readonly (readonly [string, string])[] = [
  ['PK\u0003\u0004', 'is a zip archive: unpack it first'],
  ['BZh', 'is compressed with bzip2: unpack it first, or use gzip'],
  ['\u00fd7zXZ', 'is compressed with xz: unpack it first, or use gzip'],
  ['(\u00b5/\u00fd', 'is compressed with zstd: unpack it first, or use gzip'],
  ['ARROW1', 'is an Arrow file: write it as parquet'],
  ['version https://git-lfs.', 'is a pointer of Git LFS, not the file: fetch it with `git lfs pull`'],
  ['<!doctype', 'is a web page: was it downloaded from a page about the file?'],
  ['<html', 'is a web page: was it downloaded from a page about the file?'],
  ['\u00ff\u00fe', 'is UTF-16: write it as UTF-8'],
  ['\u00fe\u00ff', 'is UTF-16: write it as UTF-8'],
];

/** Throws `Input.Invalid` for what cannot be read as rows. The caller closes the handle. */
export async function openForeignFile(path: string): Promise<ForeignFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw failure(
        'Input.Invalid',
        `${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
      );
    },
  );
  try {
    const status = await handle.stat();
    const { size } = status;
    if (!status.isFile()) throw failure('Input.Invalid', `${path} is not a file`);
    if (size === 0) throw failure('Input.Invalid', `${path} is empty`);
    if (size > maxFileBytes)
      throw failure('Input.Invalid', `${path} has ${size} bytes; at most ${maxFileBytes} are read`);
    const head = Buffer.alloc(512);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return { path, handle, size, kind: kindOf(head.subarray(0, bytesRead), path) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Refuses other known formats; also called on the first bytes of what a gzip file expands to. */
export function kindOf(head: Buffer, path: string): FileKind {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const text = head.toString('latin1');
  if (text.startsWith('PAR1')) return 'parquet';
  const other = others.find(([start]) => text.trimStart().toLowerCase().startsWith(start.toLowerCase()));
  if (other) throw failure('Input.Invalid', `${path} ${other[1]}`);
  if (text.slice(257, 262) === 'ustar')
    throw failure('Input.Invalid', `${path} is a tar archive: unpack it first`);
  if (text.includes('\0')) throw failure('Input.Invalid', `${path} is a binary file of no known format`);
  return 'text';
}
