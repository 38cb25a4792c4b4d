/**
 * Imports a foreign file in a process of its own, with a cap on its memory and its time, and with none of this process's
 * environment: a file made to exhaust a parser ends that process, not the command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ImportedQueries } from '../../activities/benchmarks/importers/import-queries.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { productScript } from '../dev/product-script.ts';
import { CommandFailed } from './errors.ts';
import type { ImportLine } from './import-process.ts';

const maxHeapMb = 1_024;
const maxMs = 600_000;

/** Throws `CommandFailed` with what is wrong with the file. */
export async function importFile(options: {
  readonly file: string;
  readonly source: string;
  /** Of the parsing process. */
  readonly heapMb?: number;
}): Promise<ImportedQueries> {
  const { file, source, heapMb = maxHeapMb } = options;
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMb}`, ...productScript('clients/cli/import-process.ts'), file, source],
    {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: maxMs,
      killSignal: 'SIGKILL',
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const queries: ImportedQueries['queries'][number][] = [];
  const rejected: ImportedQueries['rejected'][number][] = [];
  let failed: string | undefined;
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    const printed = readLine(line);
    if (!printed) continue;
    if ('failed' in printed) failed = printed.failed;
    else if ('query' in printed) queries.push(querySchema.parse(printed.query));
    else rejected.push(printed.rejected as (typeof rejected)[number]);
  }
  const [code, signal] = await exited;
  if (failed !== undefined) throw new CommandFailed(failed);
  if (code !== 0) {
    const limits = `${heapMb} MB or ${maxMs / 60_000} minutes`;
    throw new CommandFailed(
      `${file}: reading it needs more than ${limits} (${signal ?? `exit ${code}`}): split the file, or write it as JSON lines`,
    );
  }
  return { queries, rejected };
}

/** A process that dies may leave half a line. */
function readLine(line: string): ImportLine | undefined {
  try {
    return JSON.parse(line) as ImportLine;
  } catch {
    return undefined;
  }
}
