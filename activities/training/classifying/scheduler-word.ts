/** What a scheduler says of a job that ended: Slurm's job states (slurm.schedmd.com/job_state_codes.html) and their reasons. */
import type { Verdict } from './observation.ts';

export interface SchedulerWord {
  /** `PREEMPTED`, `TIMEOUT`, `CANCELLED by 1000`, …: as `scontrol show job` or `sacct` write it. */
  readonly state: string;
  /** Slurm's `Reason`. */
  readonly reason?: string | undefined;
}

/** Undefined where the word says only that it failed: the trainer's own traces decide. */
export function verdictOfScheduler({ state, reason }: SchedulerWord): Verdict | undefined {
  const [word = ''] = state.trim().toUpperCase().split(/[ +]/, 1);
  const why = `the scheduler says ${state.trim().slice(0, 60)}${reason ? ` (${reason.slice(0, 60)})` : ''}`;
  switch (word) {
    case 'PREEMPTED':
    case 'REQUEUED':
    case 'REQUEUE_HOLD':
    case 'REVOKED':
      return { class: 'preempted', detail: word, why };
    case 'TIMEOUT':
    case 'DEADLINE':
      return { class: 'walltime', detail: word, why };
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
      return { class: 'nodeLost', detail: word, why };
    case 'OUT_OF_MEMORY':
      return { class: 'hostOom', detail: 'scheduler', why };
    case 'LAUNCH_FAILED':
      return { class: 'launchFailed', detail: 'tried', why };
    // Not by us, for our own stop is recorded before it: a person took the job away, and going on would be against them.
    case 'CANCELLED':
      return /preempt/i.test(reason ?? '')
        ? { class: 'preempted', detail: word, why }
        : { class: 'stopped', detail: 'scheduler', why };
    default:
      return undefined;
  }
}
