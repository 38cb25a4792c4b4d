/**
 * Whether an attempt in a Slurm job lives. An attempt whose events come is alive without a question; one that is silent is asked
 * for; an end without a record counts only once Slurm has said it and nothing has come for a while.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttemptStatus } from '../../launcher.ts';
import type { AttemptLayout } from '../../layout.ts';
import { exitSchema, type JobClaim, jobClaimSchema, readRecord, submittedSchema } from '../records.ts';
import type { SlurmCommands } from './commands.ts';
import { type Asked, askForJob, askForNode, standingOf } from './job.ts';
import { endOf, isQueuedAgain, named, wordOn } from './words.ts';

export interface SlurmObserver {
  /** `eager`: asks at once, however lately it was asked. */
  observe(layout: AttemptLayout, options: { readonly eager: boolean }): Promise<AttemptStatus>;
}

/** Beats come every 2 to 5 s. */
const silentS = 6;
/** How long the scheduler may take to say why, once the shim has recorded an end; the record alone is proof of it. */
const wordWithinS = 15;
/** Events this new outweigh a controller that does not answer. */
const freshS = 30;

/** What is remembered of an attempt between looks; by this machine's own clock. */
interface Memory {
  bytes: number;
  grewMs: number;
  askedMs: number;
  asked: Asked | undefined;
  exitMs: number | undefined;
  /** An end stays one. */
  over: AttemptStatus | undefined;
}

const keptMemories = 1_000;

export function createObserver(options: {
  readonly commands: SlurmCommands;
  readonly pollS: number;
  readonly warnS: number;
}): SlurmObserver {
  const { commands, pollS, warnS } = options;
  const memories = new Map<string, Memory>();

  const memoryOf = (layout: AttemptLayout): Memory => {
    const nowMs = performance.now();
    const known = memories.get(layout.directory);
    if (known) return known;
    const nothing = { asked: undefined, exitMs: undefined, over: undefined };
    const fresh: Memory = { bytes: -1, grewMs: nowMs, askedMs: -Infinity, ...nothing };
    memories.set(layout.directory, fresh);
    const [oldest] = memories.keys();
    if (oldest !== undefined && memories.size > keptMemories) memories.delete(oldest);
    return fresh;
  };
  const ask = async (memory: Memory, job: string, everyS: number): Promise<Asked> => {
    if (memory.asked && secondsSince(memory.askedMs) < everyS) return memory.asked;
    memory.asked = await askForJob(commands, job);
    memory.askedMs = performance.now();
    return memory.asked;
  };
  const over = async (layout: AttemptLayout, status: AttemptStatus): Promise<AttemptStatus> => {
    await refresh(layout);
    memoryOf(layout).over = status;
    return status;
  };

  return {
    async observe(layout, { eager }) {
      const memory = memoryOf(layout);
      if (memory.over) return memory.over;
      const exit = await readRecord(layout.exit, exitSchema);
      const claim = await readRecord(layout.jobClaim, jobClaimSchema);
      const job = claim?.job ?? (await readRecord(layout.submitted, submittedSchema))?.job;
      if (exit) {
        const ended: AttemptStatus = { status: 'ended', exit };
        // Its own word is enough; or there is nobody to ask.
        if (job === undefined || (exit.code === 0 && exit.reason === null) || isOwn(exit.reason))
          return over(layout, ended);
        memory.exitMs ??= performance.now();
        const asked = await ask(memory, job, 1);
        if (
          asked.kind === 'job' &&
          standingOf(asked.job.state) === 'going' &&
          secondsSince(memory.exitMs) < wordWithinS
        )
          return { status: 'alive' };
        if (asked.kind === 'job' && isQueuedAgain(asked.job, claim, job)) {
          await commands.run('scancel', [job]);
          return over(layout, { ...ended, scheduler: { state: 'REQUEUED', reason: asked.job.reason } });
        }
        const scheduler = wordOn(asked, exit, warnS);
        return over(layout, scheduler ? { ...ended, scheduler } : ended);
      }
      if (job === undefined)
        return { status: 'unknown', why: `no job was handed in for ${layout.directory}` };
      await feelGrowth(layout, memory);
      const quietS = secondsSince(memory.grewMs);
      if (claim && !eager && memory.bytes > 0 && quietS < Math.max(pollS, silentS))
        return { status: 'alive' };
      // Also makes a client of NFS look anew.
      await readdir(layout.directory).catch(() => []);
      const asked = await ask(memory, job, eager ? 1 : pollS);
      const status = await judge(commands, { asked, claim, quietS, job, bytes: memory.bytes });
      return status.status === 'gone' ? over(layout, status) : status;
    },
  };
}

function isOwn(reason: string | null): boolean {
  return reason === 'fenced' || (reason?.startsWith('launchFailed') ?? false);
}

async function judge(
  commands: SlurmCommands,
  about: {
    readonly asked: Asked;
    readonly claim: JobClaim | undefined;
    readonly quietS: number;
    readonly job: string;
    readonly bytes: number;
  },
): Promise<AttemptStatus> {
  const { asked, claim, quietS, job, bytes } = about;
  const isFresh = claim !== undefined && bytes > 0 && quietS < freshS;
  switch (asked.kind) {
    case 'away':
      return isFresh ? { status: 'alive' } : { status: 'unknown', why: `job ${job}: ${asked.why}` };
    case 'forgotten': {
      if (quietS < silentS) return { status: 'alive' };
      if (asked.word) return { status: 'gone', scheduler: asked.word };
      if (!claim)
        return { status: 'gone', scheduler: { state: 'LAUNCH_FAILED', reason: 'Slurm has lost the job' } };
      return judgeNode(commands, { claim, quietS, job });
    }
    case 'job':
      break;
  }
  const { state, reason } = asked.job;
  if (isQueuedAgain(asked.job, claim, job)) {
    if (state === 'COMPLETING' || quietS < silentS) return { status: 'alive' };
    await commands.run('scancel', [job]);
    return { status: 'gone', scheduler: { state: 'REQUEUED', reason } };
  }
  switch (standingOf(state)) {
    case 'waiting':
      return { status: 'queued', reason: named(reason) };
    case 'heldBack':
      return { status: 'queued', reason: state.toLowerCase() };
    case 'going':
      return { status: 'alive' };
    case 'ended':
      // Its last records may be on their way through a shared file system.
      return quietS < silentS ? { status: 'alive' } : { status: 'gone', scheduler: endOf(asked.job, claim) };
  }
}

/** A controller that answers for a node and knows nothing of the job has ended what ran there. */
async function judgeNode(
  commands: SlurmCommands,
  { claim, quietS, job }: { readonly claim: JobClaim; readonly quietS: number; readonly job: string },
): Promise<AttemptStatus> {
  const node = await askForNode(commands, claim.node);
  if (node && node.bootedAtS !== null && node.bootedAtS > claim.at)
    return { status: 'gone', scheduler: { state: 'NODE_FAIL', reason: `${claim.node} booted since` } };
  if (node?.answers && quietS > freshS) return { status: 'gone' };
  return {
    status: 'unknown',
    why: `Slurm has forgotten job ${job}, and node ${claim.node} does not prove its end`,
  };
}

/** A client of NFS learns a file's size when it opens it: the last events must not be missed. */
async function refresh({ directory }: AttemptLayout): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (!/^events\.\d{1,4}\.jsonl$|\.log$/.test(name)) continue;
    const file = await open(join(directory, name)).catch(() => undefined);
    await file?.close();
  }
}

async function feelGrowth({ directory, events }: AttemptLayout, memory: Memory): Promise<void> {
  const sizes = [events, `${directory}/attempt.json`, `${directory}/job-claim.json`].map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  if (bytes === memory.bytes) return;
  memory.bytes = bytes;
  memory.grewMs = performance.now();
}

function secondsSince(ms: number): number {
  return (performance.now() - ms) / 1000;
}
