/** Tells a process from a later one with the same pid: its start time, in the kernel's ticks where there is /proc. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessMark {
  readonly pid: number;
  readonly startedAt: string;
}

/** Undefined when no such process runs (a zombie does not run). */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    if (process.platform === 'linux') {
      // Field 2 is the command in parentheses and may hold spaces; state is field 3, start time field 22.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' || fields[19] === undefined ? undefined : { pid, startedAt: fields[19] };
    }
    const startedAt = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
    return startedAt ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAt === mark.startedAt;
}

/** Asks with SIGTERM, then kills; returns when the process is gone. */
export async function endProcess(mark: ProcessMark, graceMs = 10_000): Promise<void> {
  const kill = (signal: NodeJS.Signals): void => {
    try {
      process.kill(mark.pid, signal);
    } catch {
      // It is gone already.
    }
  };
  if (isAlive(mark)) kill('SIGTERM');
  const end = Date.now() + graceMs;
  while (isAlive(mark)) {
    if (Date.now() > end) kill('SIGKILL');
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
