/** What an import reads: one file, or the data files of a directory where upstream ships one. Links and hidden files are left. */
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { failure } from '../../failure.ts';

/** `name`: the file's name, or its path below the directory, with slashes. */
export interface NamedFile {
  readonly path: string;
  readonly name: string;
}

const maxFiles = 20_000;
const maxEntries = 100_000;
const maxDepth = 6;
const dataFile = /\.(?:json|jsonl|csv|parquet|gz)$/i;

/** Sorted by name. Throws `Input.Invalid` when the directory has no data file, or too much in it. */
export async function listFiles(path: string, allowsDirectory: boolean): Promise<readonly NamedFile[]> {
  const isDirectory = allowsDirectory && (await stat(path).catch(() => undefined))?.isDirectory() === true;
  if (!isDirectory) return [{ path, name: basename(path) }];
  const found: NamedFile[] = [];
  let entries = 0;
  const walk = async (directory: string, below: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(directory)) {
      entries += 1;
      if (entries > maxEntries || found.length >= maxFiles)
        throw failure('Input.Invalid', `${path} holds more than ${maxFiles} files: name a part of it`);
      if (entry.name.startsWith('.')) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const file = join(directory, entry.name);
      if (entry.isDirectory() && depth < maxDepth) await walk(file, name, depth + 1);
      else if (entry.isFile() && dataFile.test(entry.name)) found.push({ path: file, name });
    }
  };
  await walk(path, '', 1);
  if (found.length === 0)
    throw failure('Input.Invalid', `${path} holds no file that ends in json, jsonl, csv, parquet or gz`);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
