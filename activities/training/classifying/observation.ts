/** What a class is concluded from: everything that is known of an attempt, and what a rule makes of it. */
import type { AttemptOutcome, FailureClass } from '../../../workflows/training/contract.ts';
import type { AttemptView, ToldError } from '../attempt-view.ts';
import type { KernelWords } from './kernel-words.ts';
import type { LogTail } from './log-tail.ts';
import type { SchedulerWord } from './scheduler-word.ts';

/** The shim's record of the end; absent when the shim itself was killed. */
export interface AttemptExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly oomKills: number;
  /** Why the shim stopped the trainer, or what went wrong in starting it. */
  readonly reason: string | null;
}

/** `fence`: a newer attempt was about to start; `disk`: no room for the next checkpoint. */
export const stopReasons = ['operator', 'cancel', 'hang', 'fence', 'nan', 'config', 'disk'] as const;
export type StopReason = (typeof stopReasons)[number];

/** The supervisor's own stop, as it recorded it before it acted. */
export interface Stopping {
  readonly by: StopReason;
  /** What it saw. */
  readonly why?: string | undefined;
  /** The phase that was overdue. */
  readonly phase?: string | undefined;
  readonly rank?: number | undefined;
}

export interface Observation {
  /** `unknown`: nobody can say whether it lives, as on a host that does not answer. */
  readonly attempt: 'ended' | 'alive' | 'unknown';
  readonly view: AttemptView;
  readonly exit: AttemptExit | null;
  readonly stopping: Stopping | null;
  readonly scheduler: SchedulerWord | null;
  /** The last 64 KiB of trainer.log at most. */
  readonly logTail: string;
  /** Lines of the kernel since the attempt began; empty where they cannot be read. */
  readonly kernel: readonly string[];
  readonly artefactWhole: boolean;
  /** Steps that the recipe asks for. */
  readonly maxSteps: number;
  readonly resumeStep: number | null;
  /** Of each rank, where the recipe names them. */
  readonly batch: { readonly batchSize: number; readonly gradientAccumulation: number } | null;
  readonly host: string;
  /** Other GPUs of the host that could be used; null = unknown. */
  readonly gpusLeft: number | null;
  /** The watch before this one was lost. */
  readonly reattached: boolean;
}

export type Finding = Omit<AttemptOutcome, 'checkpoints' | 'tail'>;

/** What a rule concludes; `detail` completes the cause key. */
export interface Verdict {
  readonly class: FailureClass;
  readonly detail: string;
  /** In words, when the facts alone do not say it. */
  readonly why?: string | undefined;
  readonly rank?: number | null | undefined;
}

/** An observation with what its texts say. */
export interface Seen extends Observation {
  readonly tail: LogTail;
  readonly words: KernelWords;
  readonly error: ToldError | null;
}
