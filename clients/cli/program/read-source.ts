/** The program that a command names: a file, "-" for standard input, or a program of the pool where there is no such file. */
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readPool } from '../../../activities/mas/pool.ts';
import { UsageError } from '../errors.ts';

export interface NamedSource {
  /** For people: a file's name, a pool program's. */
  readonly name: string;
  readonly source: string;
}

/** More than the sandbox reads (1 MiB), so that it is the one to say so. */
const maxBytes = 8 * 1024 * 1024;

/** Throws `UsageError` for what is no program's text. */
export async function readSource(named: string): Promise<NamedSource> {
  if (named === '-') return { name: 'program', source: decode('standard input', await readInput()) };
  const found = await stat(named).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (found.code !== 'ENOENT') throw new UsageError(`${named}: ${reasonOf(found)}`);
    return await fromPool(named);
  }
  if (found.isDirectory()) throw new UsageError(`${named} is a directory: name the program's file`);
  if (!found.isFile()) throw new UsageError(`${named} is no plain file`);
  if (found.size > maxBytes) throw tooLarge(named);
  const handle = await open(named, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${named}: ${reasonOf(error)}`);
  });
  try {
    return { name: basename(named).replace(/\.py$/, ''), source: decode(named, await handle.readFile()) };
  } finally {
    await handle.close();
  }
}

async function fromPool(named: string): Promise<NamedSource> {
  const pool = await readPool();
  const known = pool.list().some(({ id, aliases }) => id === named || aliases.includes(named));
  if (!known) {
    throw new UsageError(
      `there is no file ${named}, and no program of the pool has that name`,
      '`masgpt program list` shows the pool',
    );
  }
  const { id, source } = pool.get(named);
  return { name: id, source };
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge('standard input');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(from: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${from} is not UTF-8 text: a program is Python source`);
  }
}

function tooLarge(from: string): UsageError {
  return new UsageError(`${from} has more than ${maxBytes / 1024 / 1024} MiB: a program has at most 1 MiB`);
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    EACCES: 'may not be read',
    ELOOP: 'is a link to itself',
    ENOTDIR: 'goes through what is no directory',
    ENAMETOOLONG: 'is too long a name',
  };
  return words[code ?? ''] ?? message;
}
