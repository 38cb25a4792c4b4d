/** Copies the files of a finished dataset out of the blobs of this home. Their names come from the contract alone. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { exportFileNames } from '../../../workflows/dataset/export-contract.ts';
import { makeDirectory } from '../../make-directory.ts';
import type { LocalContext } from '../command.ts';

export async function writeDatasetFiles(
  { config, output }: Pick<LocalContext, 'config' | 'output'>,
  files: Readonly<Record<string, string>>,
  directory: string,
): Promise<string[]> {
  const blobs = createDirectoryBlobs(join(resolve(config.home), 'blobs'));
  await makeDirectory(directory);
  const written: string[] = [];
  for (const name of exportFileNames) {
    const sha256 = files[name];
    if (sha256 === undefined) continue;
    const path = join(directory, name);
    await writeFile(path, await blobs.get(sha256));
    output.print(path);
    written.push(path);
  }
  return written;
}
