/** What a training run shows besides its progress: the `progress` query's field `training`, read by commands and reports. */
import type { FailureClass, Notice } from './outcome.ts';

export interface TrainingView {
  readonly recipe: string;
  readonly dataset: string;
  /** Of the attempt under way, else of the last one; null before the first. */
  readonly epoch: number | null;
  readonly host: string | null;
  readonly phase: string;
  readonly loss: number | null;
  /** [step, loss], rising by time; thinned to at most `keptLosses`. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  readonly tokensPerS: number | null;
  /** Share of the time since the start, less `waitedMs`, that went into steps which still count; null before the first step. */
  readonly goodput: number | null;
  /** How long the run has waited for people: parked or paused, with no trainer. */
  readonly waitedMs?: number;
  /** Newest last, at most `keptAttempts`. */
  readonly attempts: readonly AttemptRecord[];
  /** Steps of verified checkpoints, rising. */
  readonly checkpoints: readonly number[];
  readonly notices: readonly Notice[];
  readonly operations: readonly Operation[];
  readonly parked: Parked | null;
  /** The updates that the run's state takes. */
  readonly accepts: readonly string[];
}

export interface AttemptRecord {
  readonly epoch: number;
  readonly host: string;
  /** `session`: the end of the worker's unit ends the trainer, too; else the shim's own scope. Absent = not known. */
  readonly scope?: string;
  /** 0 = from the start. */
  readonly fromStep: number;
  readonly toStep: number;
  readonly startedMs: number;
  /** When its first own step was seen. */
  readonly steppingMs: number | null;
  readonly endedMs: number | null;
  readonly class: FailureClass | null;
  readonly cause: string | null;
  /** How long the run waited for people after its end. */
  readonly waitedMs?: number;
}

/** What an operator did. */
export interface Operation {
  /** Name of the update. */
  readonly update: string;
  readonly atMs: number;
  /** Who: as the operator says, else the identity of the client that sent the update. */
  readonly by: string;
  readonly why: string;
  /** The rest of the argument as JSON; empty for none. */
  readonly argument: string;
}

/** Why a run waits for a person, and what each choice would do. */
export interface Parked {
  readonly cause: string;
  readonly why: string;
  /** Counts, names and cut texts; one line. */
  readonly evidence: string;
  readonly lastVerifiedStep: number | null;
  readonly sinceMs: number;
  /** The command that shows the log's end. */
  readonly log: string;
  readonly choices: readonly Choice[];
}

export interface Choice {
  readonly update: string;
  readonly does: string;
  readonly command: string;
  /** The update's argument, as JSON. */
  readonly input: string;
}

export const keptLosses = 120;
export const keptAttempts = 50;
export const keptOperations = 20;
export const keptNotices = 20;

/** Thinned by leaving out every second of the older points, so that the newest ones and the first stay. */
export function addLosses(
  known: TrainingView['losses'],
  fresh: readonly (readonly [number, number])[],
): TrainingView['losses'] {
  const all = [...known, ...fresh];
  if (all.length <= keptLosses) return all;
  const half = Math.floor(all.length / 2);
  return [...all.slice(0, half).filter((_, index) => index % 2 === 0), ...all.slice(half)].slice(-keptLosses);
}

/** `waitingSinceMs`: the run waits for people now. */
export function waitedOf(
  attempts: readonly AttemptRecord[],
  nowMs: number,
  waitingSinceMs: number | null,
): number {
  const now =
    waitingSinceMs !== null && (attempts.at(-1)?.endedMs ?? null) !== null ? nowMs - waitingSinceMs : 0;
  return attempts.reduce((sum, { waitedMs = 0 }) => sum + waitedMs, now);
}

/**
 * Steps that a later attempt made again were made in vain. `atStep`: where the run is now. Source: goodput as the share of
 * time that advanced the model (training-supervision.md section 6); `waitedMs` of it nobody could train.
 */
export function goodputOf(
  attempts: readonly AttemptRecord[],
  atStep: number,
  nowMs: number,
  waitedMs = 0,
): number | null {
  const [first] = attempts;
  if (!first || !attempts.some(({ steppingMs }) => steppingMs !== null)) return null;
  let useful = 0;
  attempts.forEach((attempt, index) => {
    const { steppingMs, endedMs, fromStep } = attempt;
    const toStep = attempt.endedMs === null ? Math.max(atStep, attempt.toStep) : attempt.toStep;
    const made = toStep - fromStep;
    if (steppingMs === null || made <= 0) return;
    const next = Math.min(...attempts.slice(index + 1).map((later) => later.fromStep), toStep);
    useful += ((endedMs ?? nowMs) - steppingMs) * (Math.max(0, next - fromStep) / made);
  });
  const whole = nowMs - first.startedMs - waitedMs;
  return whole <= 0 ? null : Math.min(1, useful / whole);
}
