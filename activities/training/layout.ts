/** Where a training run keeps its files, below HOME/training: one place for every path. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface AttemptLayout {
  readonly directory: string;
  readonly spec: string;
  readonly job: string;
  readonly identity: string;
  readonly exit: string;
  /** Rank 0's events. */
  readonly events: string;
  eventsOf(rank: number): string;
  /** Stacks of a rank's threads: what the order `dump` leaves. */
  stacksOf(rank: number): string;
  readonly control: string;
  /** Written by the supervisor before it stops a trainer: tells its own stop from a crash. */
  readonly stopping: string;
  readonly output: string;
  readonly artefact: string;
  /** Tells the shim how long the trainer may take to end. */
  readonly stop: string;
  /** Locked by the shim and its trainer as long as one lives. */
  readonly claim: string;
  /** Which job of a scheduler has the attempt; made once, never changed. */
  readonly jobClaim: string;
  /** Which job the launcher handed in. */
  readonly submitted: string;
  readonly log: string;
  readonly shimLog: string;
}

/** `run` is `training/NAME`, and names hold no separators. */
export function runDirectory(root: string, run: string): string {
  return join(root, run.slice(run.indexOf('/') + 1));
}

/** The copy of a quantised model that can be trained: made by the first attempt, checked by the later ones. */
export function convertedPath(root: string, run: string, modelSha256: string): string {
  return join(runDirectory(root, run), 'base', modelSha256);
}

export function attemptLayout(root: string, run: string, epoch: number): AttemptLayout {
  const directory = join(runDirectory(root, run), 'attempts', String(epoch));
  const at = (name: string) => join(directory, name);
  return {
    directory,
    spec: at('spec.json'),
    job: at('job.json'),
    identity: at('attempt.json'),
    exit: at('exit.json'),
    events: at('events.0.jsonl'),
    eventsOf: (rank) => at(`events.${rank}.jsonl`),
    stacksOf: (rank) => at(`stacks.${rank}.txt`),
    control: at('control.json'),
    stopping: at('stopping.json'),
    output: at('output'),
    artefact: at('artefact'),
    stop: at('stop.json'),
    claim: at('claim'),
    jobClaim: at('job-claim.json'),
    submitted: at('submitted.json'),
    log: at('trainer.log'),
    shimLog: at('shim.log'),
  };
}

/** Writes a file whole or not at all, also across a power failure. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // A name of its own: two writers in one process must not share a draft.
  const draft = `${path}.${randomUUID()}.part`;
  const file = await open(draft, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
