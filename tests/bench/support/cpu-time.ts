/**
 * CPU time of process trees, from /proc: what a measurement costs on a machine that others use too. Children that have
 * ended count through the parents that waited for them.
 */
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ownCpuMs: number;
  /** With its children that were waited for. */
  readonly cpuMs: number;
}

/** Of the process and all its descendants. */
export function treeCpuMs(root: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const tree = new Set([root]);
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    for (const { pid, parent } of stats) if (tree.has(parent)) tree.add(pid);
  }
  return stats.filter(({ pid }) => tree.has(pid)).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** Of the process alone. */
export function ownCpuMs(pid: number): number {
  return readStat(pid)?.ownCpuMs ?? 0;
}

/** Undefined for a process that has ended. Fields: proc_pid_stat(5). */
function readStat(pid: number): Stat | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const msOf = (from: number, to: number): number =>
      (fields.slice(from, to).reduce((sum, ticks) => sum + ticks, 0) * 1_000) / ticksPerSecond;
    return { pid, parent: fields[1] ?? 0, ownCpuMs: msOf(11, 13), cpuMs: msOf(11, 15) };
  } catch {
    return undefined;
  }
}
