/** What is done to a run: each fault returns the moment (ms since 1970) at which it struck, or undefined when it found nothing. */
import { spawn } from 'node:child_process';
import { appendFile, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attemptLayout, writeWhole } from '../../../activities/training/layout.ts';
import { type ChaosStack, readJson } from './chaos-stack.ts';
import { give, type Order, readWitness } from './witness.ts';

export interface Target {
  readonly stack: ChaosStack;
  /** `training/NAME`. */
  readonly run: string;
  readonly root: string;
  readonly witness: string;
  readonly ranks: number;
  /** Uniform in [0, 1), seeded. */
  random(): number;
}

export interface Fault {
  /** `crash`: the attempt ends by it at once, and the time until the supervisor knows counts. */
  readonly ends: 'crash' | 'hang' | 'none';
  strike(target: Target): Promise<number | undefined>;
}

const ordered = (kind: string, at: Order['at'], ends: Fault['ends'] = 'crash'): Fault => ({
  ends,
  async strike({ witness, ranks, random }) {
    return give(witness, { kind, at, rank: Math.floor(random() * ranks) }, 3_000);
  },
});

const killed = (whom: (target: Target, attempt: Attempt) => Promise<number | undefined>): Fault => ({
  ends: 'crash',
  async strike(target) {
    const attempt = await present(target);
    const pid = attempt && (await whom(target, attempt));
    return pid === undefined ? undefined : signalled(pid, 'SIGKILL');
  },
});

/** Damages the newest verified checkpoint, and kills the trainer, so that the next attempt has to notice. */
const damaged = (damage: (directory: string, target: Target) => Promise<void>): Fault => ({
  ends: 'crash',
  async strike(target) {
    const attempt = await present(target);
    const rows = await target.stack.query((database) =>
      database
        .selectFrom('training_checkpoints')
        .select(['directory'])
        .where('run', '=', target.run)
        .where('state', '=', 'verified')
        .orderBy('step', 'desc')
        .orderBy('epoch', 'desc')
        .limit(1)
        .execute(),
    );
    const [newest] = rows;
    if (!attempt || !newest || !(await stat(newest.directory).catch(() => undefined))) return undefined;
    await damage(newest.directory, target);
    return signalled(attempt.trainerPid, 'SIGKILL');
  },
});

export const faults: Readonly<Record<string, Fault>> = {
  trainerKilled: killed(async (_, { trainerPid }) => trainerPid),
  shimKilled: killed(async (_, { pid }) => pid),
  rankKilled: killed(async ({ witness, random, ranks }, { epoch }) => {
    const rank = Math.floor(random() * ranks);
    const { steps } = await readWitness(witness);
    return steps.findLast((step) => step.epoch === epoch && step.rank === rank)?.pid;
  }),
  exitsEarly: ordered('exit0', 'step'),
  raises: ordered('raise', 'step'),
  raisesInSave: ordered('raise', 'save'),
  aborts: ordered('abort', 'step'),
  segfaults: ordered('segv', 'step'),
  dies: ordered('kill', 'step'),
  nan: ordered('nan', 'step'),
  cudaOom: ordered('cudaOom', 'step'),
  diskFull: ordered('diskFull', 'save'),
  savesTorn: ordered('tornSave', 'step', 'none'),
  clockJumps: ordered('clockJump', 'step', 'none'),
  hangs: ordered('hang', 'step', 'hang'),
  stopped: {
    ends: 'hang',
    async strike(target) {
      const { steps } = await readWitness(target.witness);
      const attempt = await present(target);
      const pid = steps.findLast(({ epoch }) => epoch === attempt?.epoch)?.pid;
      return pid === undefined ? undefined : signalled(pid, 'SIGSTOP');
    },
  },
  failsBeforeItsFirstStep: {
    ends: 'crash',
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      return give(target.witness, { kind: 'raise', at: 'load' }, 5_000, async () => {
        signalled(attempt.trainerPid, 'SIGKILL');
      });
    },
  },
  bitFlipped: damaged(async (directory, { random }) => {
    const names = (await readdir(directory)).toSorted();
    const path = join(directory, names[Math.floor(random() * names.length)] ?? '');
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      const at = Math.floor(random() * size);
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte.writeUInt8(byte.readUInt8() ^ (1 << Math.floor(random() * 8)));
      await file.write(byte, 0, 1, at);
    } finally {
      await file.close();
    }
  }),
  optimizerMissing: damaged((directory) => rm(join(directory, 'optimizer.bin'), { force: true })),
  launchedTwice: {
    ends: 'none',
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      spawn('python3', [shim, layoutOf(target, attempt.epoch).directory], {
        detached: true,
        stdio: 'ignore',
      }).unref();
      return Date.now();
    },
  },
  staleWriter: {
    ends: 'none',
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      const { events, control } = layoutOf(target, attempt.epoch);
      const line = { v: 1, run: target.run, epoch: attempt.epoch - 1, rank: 0, seq: 0, ts: 0, step: 10_000 };
      const end = { ...line, ev: 'end', maxSteps: 1, phase: 'finish', reason: 'completed' };
      await appendFile(events, `${JSON.stringify(end)}\nnot an event\n`);
      await writeWhole(control, JSON.stringify({ epoch: attempt.epoch - 1, seq: 1e15, cmd: 'stop' }));
      return Date.now();
    },
  },
  eventsTruncated: {
    ends: 'none',
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      const { events } = layoutOf(target, attempt.epoch);
      const size = (await stat(events).catch(() => undefined))?.size ?? 0;
      await truncate(events, Math.floor(target.random() * size)).catch(() => {});
      return Date.now();
    },
  },
  workflowTerminated: {
    ends: 'none',
    async strike({ stack, run }) {
      await stack.ask((client) => client.workflow.getHandle(run).terminate('chaos')).catch(() => {});
      return Date.now();
    },
  },
  workflowReset: {
    ends: 'none',
    async strike({ stack, run }) {
      return stack.ask(async (client) => {
        const handle = client.workflow.getHandle(run);
        const { events } = await handle.fetchHistory();
        const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done);
        const task = tasks[Math.floor(tasks.length / 2)];
        const { runId } = await handle.describe();
        await client.workflowService.resetWorkflowExecution({
          ...{ namespace: 'default', workflowExecution: { workflowId: run, runId } },
          ...{
            reason: 'chaos',
            workflowTaskFinishEventId: task?.eventId ?? null,
            requestId: `${run}-${Date.now()}`,
          },
        });
        return Date.now();
      });
    },
  },
};

interface Attempt {
  readonly epoch: number;
  readonly pid: number;
  readonly trainerPid: number;
}

/** The newest attempt that runs. */
async function present(target: Target): Promise<Attempt | undefined> {
  const { directory } = layoutOf(target, 0);
  const epochs = (await readdir(join(directory, '..')).catch(() => [])).map(Number);
  const epoch = Math.max(0, ...epochs);
  const layout = layoutOf(target, epoch);
  const identity = await readJson<{ pid: number; trainerPid: number }>(layout.identity);
  if (!identity || (await readJson(layout.exit))) return undefined;
  return { epoch, pid: identity.pid, trainerPid: identity.trainerPid };
}

const layoutOf = ({ root, run }: Target, epoch: number) => attemptLayout(root, run, epoch);

function signalled(pid: number, signal: NodeJS.Signals): number | undefined {
  try {
    process.kill(pid, signal);
    return Date.now();
  } catch {
    return undefined;
  }
}

const shim = fileURLToPath(new URL('../../../activities/training/shim/shim.py', import.meta.url));
