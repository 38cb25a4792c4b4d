/** The rows that a run trains on, as a file beside its attempts: the same bytes for each of them. */
import { join } from 'node:path';
import { failure } from '../failure.ts';
import { runDirectory, writeWhole } from './layout.ts';
import { hashFile } from './manifest.ts';
import type { TrainingPorts } from './ports.ts';

/**
 * Path of the file, written when it is not there. Throws `Training.Refused` when it is there and holds something else: who
 * changed it may have meant to, and checkpoints of the old rows do not go with new ones.
 */
export async function dataFileOf(
  { root, blobs }: Pick<TrainingPorts, 'root' | 'blobs'>,
  run: string,
  sha256: string,
): Promise<string> {
  const path = join(runDirectory(root, run), 'data', `${sha256}.jsonl`);
  const found = await hashFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) await writeWhole(path, await blobs.get(sha256));
  else if (found.sha256 !== sha256)
    throw failure(
      'Training.Refused',
      `dataChanged: ${path} is not what ${run} was begun with (its sha256 begins with ${found.sha256.slice(0, 12)}): remove the file to go on with the old rows, or train the new ones under another name`,
    );
  return path;
}
