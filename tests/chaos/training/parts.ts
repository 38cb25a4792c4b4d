/** Faults of the stack under all runs, by the names of promises.ts; the stack's own supervision starts its parts again. */
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupMount } from '../../support/systemd/start-systemd.ts';
import type { ChaosStack } from './chaos-stack.ts';
import { type PartFault, partPromises } from './promises.ts';
import { replayOpenRuns } from './replay-open-runs.ts';

export interface PartStrike {
  readonly fault: PartFault;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly broken?: string | undefined;
  /** When all parts were up again; absent = not yet. */
  overMs?: number;
}

/** Longer than the watch's heartbeat timeout. */
const stoppedMs = 25_000;
const secondLivesMs = 15_000;

/** One every so often once the last one is overcome, in an order of their own, until the signal; a part that is not up is left out. */
export async function strikeParts(
  stack: ChaosStack,
  options: {
    readonly everyMs: number;
    readonly leaveOut: readonly PartFault[];
    readonly random: () => number;
    readonly signal: AbortSignal;
  },
  onStrike: (strike: PartStrike) => void,
): Promise<void> {
  const { everyMs, leaveOut, random, signal } = options;
  await using groups = await workerGroups(stack);
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => {});
  const strikes: Record<PartFault, () => Promise<string | undefined>> = {
    workerKilled: () => kill('worker', 'SIGKILL'),
    temporalKilled: () => kill('temporal', 'SIGKILL'),
    postgresKilled: () => kill('postgres', 'SIGKILL'),
    workerGroupKilled: () => groups.kill(),
    async workerReplaced() {
      const broken = await replayOpenRuns(stack);
      await kill('worker', 'SIGTERM');
      return broken;
    },
    async workerStopped() {
      const pid = await stack.pidOf('worker');
      await kill('worker', 'SIGSTOP');
      await pause(stoppedMs);
      if (pid !== undefined && pid === (await stack.pidOf('worker'))) process.kill(pid, 'SIGCONT');
      return undefined;
    },
    async secondWorker() {
      const second = await stack.startWorker();
      await pause(secondLivesMs);
      second.signal('SIGKILL');
      await second.exited;
      return undefined;
    },
  };
  async function kill(part: string, name: NodeJS.Signals): Promise<undefined> {
    const pid = await stack.pidOf(part);
    if (pid === undefined) throw new Error(`${part} is not up`);
    process.kill(pid, name);
  }
  const possible = (Object.keys(partPromises) as PartFault[]).filter(
    (fault) => !leaveOut.includes(fault) && (fault !== 'workerGroupKilled' || groups.possible),
  );
  let last: PartStrike | undefined;
  for (let left: PartFault[] = []; !signal.aborted;) {
    // From the moment on at which all is up again: a slow machine would else have no worker at all.
    await untilWhole(stack, signal);
    if (last) last.overMs = Date.now();
    await pause(everyMs * (0.5 + random()));
    if (signal.aborted) return;
    if (left.length === 0) left = possible.toSorted(() => random() - 0.5);
    const fault = left.pop() as PartFault;
    const atMs = Date.now();
    try {
      last = { fault, atMs, broken: await strikes[fault]() };
      onStrike(last);
    } catch (error) {
      stack.note(`${fault} did not strike: ${String(error)}`);
    }
  }
}

const parts = ['worker', 'temporal', 'postgres'] as const;

async function untilWhole(stack: ChaosStack, signal: AbortSignal): Promise<void> {
  const isUp = async (part: string): Promise<boolean> => {
    const pid = await stack.pidOf(part);
    try {
      return pid !== undefined && process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (!signal.aborted && !(await Promise.all(parts.map(isUp))).every(Boolean)) await sleep(lookMs);
}

interface WorkerGroups extends AsyncDisposable {
  readonly possible: boolean;
  /** SIGKILL to every process of the worker's group. */
  kill(): Promise<undefined>;
}

const lookMs = 250;

/** Each worker is put into a control group of its own as soon as it is there: shims that it starts must get out by themselves. */
async function workerGroups(stack: ChaosStack): Promise<WorkerGroups> {
  const mount = await cgroupMount();
  const made: string[] = [];
  const ended = new AbortController();
  let inside: number | undefined;
  const enter = async (): Promise<void> => {
    const pid = await stack.pidOf('worker');
    if (pid === undefined || pid === inside) return;
    const group = join(mount, `chaos-worker-${process.pid}-${pid}`);
    await mkdir(group);
    made.push(group);
    await writeFile(join(group, 'cgroup.procs'), String(pid));
    inside = pid;
  };
  const possible =
    mount !== '' &&
    (await enter().then(
      () => inside !== undefined,
      () => false,
    ));
  const watching = (async () => {
    while (possible && !ended.signal.aborted) {
      await sleep(lookMs, undefined, { signal: ended.signal }).catch(() => {});
      await enter().catch(() => {}); // It has ended again.
    }
  })();
  return {
    possible,
    async kill() {
      const group = made.at(-1);
      if (!group?.endsWith(`-${await stack.pidOf('worker')}`))
        throw new Error('worker is not in its group yet');
      await writeFile(join(group, 'cgroup.kill'), '1');
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await watching;
      // The last worker goes on in the group above.
      for (const pid of inside === undefined ? [] : [inside])
        await writeFile(join(mount, 'cgroup.procs'), String(pid)).catch(() => {});
      for (const group of made) await rmdir(group).catch(() => {});
    },
  };
}
