/** Process entry: `dataset-files-process PATH` parses a foreign dataset's manifest and provenance, and prints one JSON line per part. */
import { once } from 'node:events';
import { readDatasetFiles } from '../../activities/dataset/diff/read-dataset-files.ts';

/** A line of what this process prints; after `failed` there is none. */
export type DatasetFileLine = { manifest: unknown } | { row: unknown } | { failed: string };

const [path = ''] = process.argv.slice(2);
try {
  await readDatasetFiles(path, {
    manifest: (manifest) => print({ manifest }),
    row: (row) => print({ row }),
  });
} catch (error) {
  await print({ failed: (error as Error).message });
}

async function print(line: DatasetFileLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}
