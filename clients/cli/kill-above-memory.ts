/** Kills a child process that holds more memory than it may; where /proc is not, only its heap is bounded (by a flag of Node). */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const everyMs = 100;

/** `maxBytes`: of resident memory. The caller ends the watch. */
export function killAboveMemory(child: ChildProcess, maxBytes: number): { end(): void } {
  const timer = setInterval(() => {
    void residentBytes(child.pid).then((bytes) => bytes > maxBytes && child.kill('SIGKILL'));
  }, everyMs);
  timer.unref();
  return { end: () => clearInterval(timer) };
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
