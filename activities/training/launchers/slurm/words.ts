/** Slurm's answers as the words that ends are classified by (classifying/scheduler-word.ts). Pure. */
import type { SchedulerWord } from '../../classifying/scheduler-word.ts';
import type { JobClaim } from '../records.ts';
import { type Asked, type SlurmJob, standingOf } from './job.ts';

/** Somebody queued the job again: the attempt is over, for its claim was the earlier start's. */
export function isQueuedAgain({ restarts }: SlurmJob, claim: JobClaim | undefined, job: string): boolean {
  return claim !== undefined && claim.job === job && restarts > claim.restarts;
}

/** What the scheduler says of an end that the shim recorded. */
export function wordOn(
  asked: Asked,
  exit: { readonly reason: string | null; readonly endedAt: number },
  warnS: number,
): SchedulerWord | undefined {
  if (asked.kind === 'forgotten') return asked.word ?? undefined;
  if (asked.kind === 'away') return undefined;
  const { state, reason, isPreempted, limitAtS, exitCode } = asked.job;
  // It was warned and ended by itself, which Slurm calls completed.
  if (isPreempted) return { state: 'PREEMPTED', reason: 'another job takes its place' };
  if (exit.reason === 'warned' && limitAtS !== null && limitAtS - exit.endedAt < warnS + slackS)
    return { state: 'TIMEOUT', reason: 'it saved before its time was over' };
  return standingOf(state) === 'ended' ? { state, reason: reasonOf(reason, exitCode) } : undefined;
}

/** Slurm may warn up to a minute early. */
const slackS = 90;

/** A job that ended before a shim had the attempt never was one: the node could not start it. */
export function endOf({ state, reason, exitCode }: SlurmJob, claim: JobClaim | undefined): SchedulerWord {
  if (claim || !['COMPLETED', 'FAILED'].includes(state)) return { state, reason: reasonOf(reason, exitCode) };
  return {
    state: 'LAUNCH_FAILED',
    reason: `the job ended with ${exitCode} before its shim began, see shim.log`,
  };
}

function reasonOf(reason: string, exitCode: string): string {
  return ['', 'None'].includes(reason) ? `exit ${exitCode}` : named(reason);
}

/** Slurm's words, some of which operators write. */
export function named(reason: string): string {
  return reason.replaceAll(/[^A-Za-z0-9_,.()+-]/g, '?').slice(0, 60) || 'unknown';
}
