/**
 * Imports foreign files in a process of its own, with caps on its memory and its time, and with none of this process's environment: a
 * file made to exhaust a parser ends that process, not the command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ImportEvent, ImportRequest } from '../../activities/benchmarks/importers/import-events.ts';
import { collectImport, type ImportedQueries } from '../../activities/benchmarks/importers/import-queries.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { productScript } from '../dev/product-script.ts';
import { CommandFailed } from './errors.ts';
import { killAboveMemory } from './kill-above-memory.ts';
import type { ImportLine } from './import-process.ts';

const maxHeapMb = 1_024;
/** Pages of parquet and buffers of streams lie outside of the heap. */
const maxBuffersMb = 1_024;
const maxMs = 600_000;

/** Throws `CommandFailed` with what is wrong with the file. */
export async function importFile(
  options: ImportRequest & {
    /** Of the parsing process. */
    readonly heapMb?: number;
  },
): Promise<ImportedQueries> {
  const { heapMb = maxHeapMb, ...request } = options;
  const named = typeof request.file === 'string' ? request.file : request.source;
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMb}`, ...productScript('clients/cli/import-process.ts')],
    {
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: maxMs,
      killSignal: 'SIGKILL',
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const watch = killAboveMemory(child, (heapMb + maxBuffersMb) * 1024 ** 2);
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(request));
  try {
    return await collectImport(eventsOf(child.stdout));
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const [code, signal] = await exited;
    if (code === 0) throw error;
    const limits = `${heapMb} MB or ${maxMs / 60_000} minutes`;
    throw new CommandFailed(
      `${named}: reading it needs more than ${limits} (${signal ?? `exit ${code}`}): split the file, or write it as JSON lines`,
    );
  } finally {
    watch.end();
    child.kill('SIGKILL');
    await exited;
  }
}

async function* eventsOf(stdout: Readable): AsyncGenerator<ImportEvent> {
  for await (const line of createInterface({ input: stdout, crlfDelay: Infinity })) {
    const printed = readLine(line);
    if (!printed) continue;
    if ('failed' in printed) throw new CommandFailed(printed.failed);
    yield 'query' in printed ? { ...printed, query: querySchema.parse(printed.query) } : printed;
  }
}

/** A process that dies may leave half a line. */
function readLine(line: string): ImportLine | undefined {
  try {
    return JSON.parse(line) as ImportLine;
  } catch {
    return undefined;
  }
}
