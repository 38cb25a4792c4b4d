/** A dataset's manifest and provenance from a directory, read by a process of its own with caps on its memory and its time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { DatasetFiles } from '../../activities/dataset/diff/compare-datasets.ts';
import { manifestSchema } from '../../activities/dataset/export/manifest.ts';
import { provenanceSchema } from '../../activities/dataset/export/provenance.ts';
import { productScript } from '../dev/product-script.ts';
import type { DatasetFileLine } from './dataset-files-process.ts';
import { CommandFailed } from './errors.ts';

const maxHeapMb = 512;
const maxMs = 300_000;

/** Throws `CommandFailed` with what is wrong with which file. */
export async function readDatasetDirectory(path: string): Promise<DatasetFiles> {
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${maxHeapMb}`, ...productScript('clients/cli/dataset-files-process.ts'), path],
    {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: maxMs,
      killSignal: 'SIGKILL',
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const rows: DatasetFiles['rows'][number][] = [];
  let manifest: DatasetFiles['manifest'] | undefined;
  let failed: string | undefined;
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    const printed = readLine(line);
    if (!printed) continue;
    if ('failed' in printed) failed = printed.failed;
    else if ('manifest' in printed) manifest = manifestSchema.parse(printed.manifest);
    else rows.push(provenanceSchema.parse(printed.row));
  }
  const [code, signal] = await exited;
  if (failed !== undefined) throw new CommandFailed(failed);
  if (code === 0 && manifest) return { manifest, rows };
  throw new CommandFailed(
    `${path}: reading it needs more than ${maxHeapMb} MB or ${maxMs / 60_000} minutes (${signal ?? `exit ${code}`})`,
  );
}

/** A process that dies may leave half a line. */
function readLine(line: string): DatasetFileLine | undefined {
  try {
    return JSON.parse(line) as DatasetFileLine;
  } catch {
    return undefined;
  }
}
