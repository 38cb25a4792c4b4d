/**
 * What of the host an attack could harm, as one value to compare: the canary and its directory, the worker's own process,
 * what sandboxed users left behind, and the processes of the sandbox.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { sandboxUid } from '../../../activities/sandbox/sandbox-user.ts';
import type { SandboxLevel } from '../../../activities/sandbox/sandbox.ts';

export interface HostState {
  readonly canary: readonly unknown[];
  readonly worker: readonly string[];
  /** Files, segments and queues of the sandbox's user. */
  readonly leftBehind: readonly string[];
  readonly zygotes: readonly number[];
}

export function hostState(level: SandboxLevel, canary: string): HostState {
  const directory = canary.slice(0, canary.lastIndexOf('/'));
  const { mode, uid, size, mtimeMs, ino, nlink } = statSync(canary);
  return {
    canary: [
      readFileSync(canary, 'utf8'),
      mode,
      uid,
      size,
      mtimeMs,
      ino,
      nlink,
      readdirSync(directory),
      statSync(directory).mode,
    ],
    worker: [
      readFileSync('/proc/self/limits', 'utf8'),
      readFileSync('/proc/self/oom_score_adj', 'utf8'),
      // priority, nice and policy
      fieldsOf('self').slice(15, 17).join(' '),
      /Cpus_allowed:.*\n/.exec(readFileSync('/proc/self/status', 'utf8'))?.[0] ?? '',
      process.cwd(),
      String(process.umask()),
    ],
    leftBehind: [...filesOf('/tmp'), ...filesOf('/dev/shm'), ...filesOf('/var/tmp'), ...ipcObjects()],
    zygotes: sandboxProcesses(level).zygotes,
  };
}

export interface SandboxProcesses {
  readonly zygotes: readonly number[];
  /** Children of the zygotes and whatever else lives in their sessions; those that ended and were not reaped, too. */
  readonly programs: readonly number[];
}

/** Of this level and this worker. Sessions find also what no longer descends from a zygote. */
export function sandboxProcesses(level: SandboxLevel): SandboxProcesses {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => describe(Number(name)))
    .filter((found) => found !== null);
  const byPid = new Map(processes.map((found) => [found.pid, found]));
  const isOurs = (pid: number): boolean => {
    for (let at = byPid.get(pid); at; at = byPid.get(at.parent)) if (at.parent === process.pid) return true;
    return false;
  };
  const python = processes.filter(
    ({ pid, name }) => name.startsWith('python') && isOurs(pid) && isOf(level, pid),
  );
  const zygotes = python.filter(({ parent }) => !python.some(({ pid }) => pid === parent));
  const sessions = new Set(zygotes.map(({ session }) => session));
  const programs = processes.filter(
    ({ pid, session, name }) =>
      sessions.has(session) && name !== 'bwrap' && !zygotes.some((zygote) => zygote.pid === pid),
  );
  return { zygotes: zygotes.map(({ pid }) => pid), programs: programs.map(({ pid }) => pid) };
}

/** How many there are when the ready children are back: the same count twice, 100 ms apart. */
export async function processesAtRest(level: SandboxLevel): Promise<number> {
  for (let last = -1; ;) {
    const now = sandboxProcesses(level).programs.length;
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function isOf(level: SandboxLevel, pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`"level":"${level}"`);
  } catch {
    return false;
  }
}

interface ProcessFound {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly session: number;
}

function describe(pid: number): ProcessFound | null {
  try {
    const [name, , parent, , session] = fieldsOf(String(pid));
    return { pid, name: name ?? '', parent: Number(parent), session: Number(session) };
  } catch {
    return null;
  }
}

/** Fields of /proc/PID/stat from the name on, which may hold spaces. */
function fieldsOf(pid: string): string[] {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const end = line.lastIndexOf(')');
  return [line.slice(line.indexOf('(') + 1, end), ...line.slice(end + 2).split(' ')];
}

function filesOf(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => `${directory}/${name}`)
    .filter((path) => {
      try {
        return statSync(path).uid === sandboxUid && !path.endsWith('.sock');
      } catch {
        return false;
      }
    });
}

/** Segments, semaphores and queues of System V whose creator is the sandbox's user. */
function ipcObjects(): string[] {
  return ['shm', 'sem', 'msg'].flatMap((kind) =>
    readFileSync(`/proc/sysvipc/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .filter((line) => line.split(/\s+/).includes(String(sandboxUid))),
  );
}
