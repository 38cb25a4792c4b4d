/**
 * Rows of a foreign `matrix.parquet`, unchecked, from a process of its own with caps on its memory and time and none of this
 * process's environment: a file made to exhaust a parser ends that process, not the command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { productScript } from '../dev/product-script.ts';
import { CommandFailed } from './errors.ts';
import { killAboveMemory } from './kill-above-memory.ts';
import type { MatrixLine } from './matrix-import-process.ts';

const heapMb = 512;
/** Pages of parquet lie outside of the heap. */
const maxBytes = 1_536 * 1024 ** 2;
const maxMs = 3_600_000;

/** Throws `CommandFailed` with what is wrong with the file. */
export async function* readMatrixFile(file: string): AsyncGenerator<unknown> {
  const script = productScript('clients/cli/matrix-import-process.ts');
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, ...script], {
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: maxMs,
    killSignal: 'SIGKILL',
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const watch = killAboveMemory(child, maxBytes);
  child.stdin.on('error', () => undefined);
  child.stdin.end(file);
  try {
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
      const printed = parseLine(line);
      if (printed === undefined) break;
      if ('failed' in printed) throw new CommandFailed(printed.failed);
      if ('done' in printed) return;
      yield printed.row;
    }
    const [code, signal] = await exited;
    throw new CommandFailed(
      `${file}: reading it needs more than ${maxBytes / 1024 ** 2} MB or ${maxMs / 60_000} minutes (${signal ?? `exit ${code}`}): write it with smaller row groups`,
    );
  } finally {
    watch.end();
    child.kill('SIGKILL');
    await exited;
  }
}

/** A process that dies may leave half a line. */
function parseLine(line: string): MatrixLine | undefined {
  try {
    return JSON.parse(line) as MatrixLine;
  } catch {
    return undefined;
  }
}
