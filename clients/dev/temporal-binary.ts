/** Finds the Temporal CLI that carries the development server: on PATH, else in the product's cache. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheDirectory } from './directories.ts';

export const temporalVersion = '1.8.2';

export async function findTemporalBinary(): Promise<string> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'temporal'));
  const cached = join(cacheDirectory(), 'temporal', temporalVersion, 'temporal');
  for (const file of [...onPath, cached]) {
    if (await isExecutable(file)) return file;
  }
  throw new Error(`no Temporal server: tried PATH and ${cached}`);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
