/** Where a checkpoint may lie: below its own attempt's output, and nowhere that a link or `..` leads to. Events are hostile. */
import { lstat, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { attemptLayout } from '../layout.ts';

/** Below `output`: the ranks' parts of manifests, `STEP.RANK.json`. */
export const partsName = 'parts';

export interface Place {
  /** HOME/training. */
  readonly root: string;
  readonly run: string;
  readonly epoch: number;
}

export function partsDirectory({ root, run, epoch }: Place): string {
  return join(attemptLayout(root, run, epoch).output, partsName);
}

/** Undefined when `directory` is a real directory inside the attempt's output, else what is wrong with it. Throws on I/O errors. */
export async function placeFault(place: Place, directory: string): Promise<string | undefined> {
  const { output } = attemptLayout(place.root, place.run, place.epoch);
  if (directory.includes('\0') || resolve(directory) !== directory)
    return 'its directory is not a plain absolute path';
  const inner = relative(resolve(output), directory);
  const first = inner.split(sep)[0];
  if (first === '' || first === '..' || first === partsName)
    return `its directory lies outside of the output of attempt ${place.epoch}`;
  const found = await lstat(directory).catch(absent);
  if (!found) return 'the directory is missing';
  if (!found.isDirectory()) return 'its directory is none';
  if ((await realpath(directory)) !== join(await realpath(output), inner))
    return 'its directory is reached through a link';
  return undefined;
}

/** For `catch`: a missing file is an answer, any other trouble (a failing disk, a lost mount) is not. */
export function absent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
