/**
 * Whether the processes of an attempt do anything: CPU time and bytes of I/O of its tree, between two looks. Linux. The
 * shim itself is left out, and so is what a beat costs: a thread that only beats is no work.
 */
import { readdir, readFile } from 'node:fs/promises';

export interface TreeSample {
  readonly atMs: number;
  /** By pid and start ticks. */
  readonly processes: ReadonlyMap<string, ProcessSample>;
}

interface ProcessSample {
  readonly cpuS: number;
  readonly ioBytes: number;
  /** It would run if the machine let it: one that starves is not still. */
  readonly runnable: boolean;
}

/** Share of one core and bytes per second that a waiting process with its beats stays below. */
const idleCpu = 0.03;
const idleBytesPerS = 16 * 1024;
const ticksPerS = 100;

/** The descendants of this process; undefined when one that lives cannot be read. */
export async function sampleTree(root: number, nowMs: number): Promise<TreeSample | undefined> {
  const stats = new Map<number, readonly string[]>();
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await statOf(name);
    if (stat) stats.set(Number(name), stat);
  }
  const processes = new Map<string, ProcessSample>();
  for (const pid of descendants(root, stats)) {
    const stat = stats.get(pid) as readonly string[];
    // One that has ended and is not waited for stands still: its shim is stopped.
    const ended = stat[0] === 'Z' || stat[0] === 'X';
    const ioBytes = ended ? 0 : await ioOf(pid);
    if (ioBytes === undefined) {
      const now = await statOf(String(pid));
      if (now && now[0] !== 'Z' && now[0] !== 'X') return undefined;
      continue;
    }
    const cpuS = (Number(stat[11]) + Number(stat[12])) / ticksPerS;
    processes.set(`${pid}:${stat[19]}`, { cpuS, ioBytes, runnable: stat[0] === 'R' });
  }
  return { atMs: nowMs, processes };
}

/** `unknown` when one look failed, or nothing was there to be seen: no action follows. */
export function compareTrees(
  before: TreeSample | undefined,
  after: TreeSample | undefined,
): 'still' | 'busy' | 'unknown' {
  if (!before || !after || after.processes.size === 0) return 'unknown';
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0) return 'unknown';
  for (const [process, { cpuS, ioBytes, runnable }] of after.processes) {
    const earlier = before.processes.get(process);
    if (!earlier || runnable || earlier.runnable) return 'busy';
    const cpu = (cpuS - earlier.cpuS) / seconds;
    if (cpu > idleCpu || (ioBytes - earlier.ioBytes) / seconds > idleBytesPerS) return 'busy';
  }
  return 'still';
}

function descendants(root: number, stats: ReadonlyMap<number, readonly string[]>): Set<number> {
  const found = new Set<number>();
  let fresh = new Set([root]);
  while (fresh.size > 0) {
    const parents = fresh;
    fresh = new Set(
      [...stats].flatMap(([pid, stat]) => (parents.has(Number(stat[1])) && !found.has(pid) ? [pid] : [])),
    );
    for (const pid of fresh) found.add(pid);
  }
  return found;
}

/** Fields from the third on: state, parent, …; the name before may hold anything. */
async function statOf(pid: string): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

async function ioOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => undefined);
  const [read, written] = ['rchar', 'wchar'].map((field) => text?.match(`${field}: (\\d{1,20})`)?.[1]);
  return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
}
