/** Whom a fault strikes: a run, and the attempt of it that runs. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AttemptLayout, attemptLayout } from '../../../../activities/training/layout.ts';
import { type ChaosStack, readJson } from '../chaos-stack.ts';

export interface Target {
  readonly stack: ChaosStack;
  /** `training/NAME`. */
  readonly run: string;
  /** Of the workflow that supervises it: the run may move to another. */
  workflowId: string;
  readonly input: { readonly dataset: string; readonly recipe: string; readonly seed?: number };
  readonly root: string;
  readonly witness: string;
  readonly ranks: number;
  /** The real torchrun starts the ranks. */
  readonly torchrun: boolean;
  /** Uniform in [0, 1), seeded. */
  random(): number;
}

export interface Strike {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Of the attempt that was struck. */
  readonly epoch?: number;
  /** A verified checkpoint, the newest, that was damaged. */
  readonly damaged?: { readonly step: number; readonly epoch: number };
  /** A promise that was seen broken at once. */
  readonly broken?: string;
}

export interface Fault {
  /** Undefined when it found nothing to strike. */
  strike(target: Target): Promise<Strike | undefined>;
  /** Absent = any run. */
  readonly suits?: (target: Pick<Target, 'ranks' | 'torchrun'>) => boolean;
}

export interface Attempt {
  readonly epoch: number;
  /** Of the shim. */
  readonly pid: number;
  readonly trainerPid: number;
  readonly layout: AttemptLayout;
}

/** The newest attempt that runs. */
export async function present({ root, run }: Pick<Target, 'root' | 'run'>): Promise<Attempt | undefined> {
  const attempts = join(attemptLayout(root, run, 0).directory, '..');
  const epoch = Math.max(0, ...(await readdir(attempts).catch(() => [])).map(Number));
  const layout = attemptLayout(root, run, epoch);
  const identity = await readJson<{ pid: number; trainerPid: number }>(layout.identity);
  if (!identity || (await readJson(layout.exit))) return undefined;
  return { epoch, pid: identity.pid, trainerPid: identity.trainerPid, layout };
}

/** What `strike` returns: now, of the attempt's epoch; undefined when the process is gone. */
export function signalled(pid: number, signal: NodeJS.Signals, epoch: number): Strike | undefined {
  try {
    process.kill(pid, signal);
    return { atMs: Date.now(), epoch };
  } catch {
    return undefined;
  }
}
