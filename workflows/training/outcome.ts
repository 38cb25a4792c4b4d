/** How an attempt ended, and what follows: the words that classification, reactions, operators and reports share. */

export const failureClasses = [
  'completed',
  'earlyCleanExit',
  /** A scheduler or a shutting-down machine took the place; `walltime`: its time was over; `nodeLost`: the machine is gone. */
  'preempted',
  'walltime',
  'nodeLost',
  /** SIGKILL by nobody knows whom. */
  'killed',
  'hostOom',
  'cudaOom',
  'nan',
  'hang',
  'crashNative',
  'gpuHardware',
  /** Watchdog of NCCL or gloo with no earlier error of any rank: some rank stood still. */
  'collectiveTimeout',
  'diskFull',
  'checkpointCorrupt',
  'config',
  'code',
  'data',
  'launchFailed',
  /** The watch was lost while the trainer lived: re-attached, no failure. */
  'supervisorLost',
  /** Of a living attempt: told to people, nothing is done. */
  'straggler',
  'diverged',
  /** A newer epoch took over. */
  'superseded',
  /** The supervisor's own stop: a pause; `cancelled`: the run was cancelled or aborted. */
  'stopped',
  'cancelled',
  /** Ended for no reason that is known. */
  'unknown',
] as const;
export type FailureClass = (typeof failureClasses)[number];

/** Micro-batch and accumulation of each rank; their product, the global batch of a rank, stays what it was. */
export interface SmallerBatch {
  readonly batchSize: number;
  readonly gradientAccumulation: number;
}

/** Cause of an attempt that a launch of the same workflow fenced off, left by a run of it that was terminated or reset. */
export const supersededByOwnLaunch = 'superseded/ownLaunch';

export interface AttemptOutcome {
  readonly class: FailureClass;
  /**
   * What counts as "the same cause": the class with its phase, exception type or batch (`hang/step`, `config/ValueError/train`,
   * `cudaOom/train/8`, `diskFull/beforeSave`, `launchFailed/refused`).
   */
  readonly cause: string;
  readonly beforeFirstStep: boolean;
  /** Counts, names and cut texts; one line. */
  readonly evidence: string;
  /** Stacks or the log's tail, escapes removed, at most 4,000 characters. */
  readonly tail?: string;
  /** The last step that rank 0 told. */
  readonly step: number;
  /** Where this attempt began; null = from the start. */
  readonly resumeStep: number | null;
  /** `nan` alone: checkpoints from this step on are not to be trusted. */
  readonly firstBadStep?: number;
  /** `cudaOom` alone; absent when the micro-batch cannot be made smaller. */
  readonly suggestion?: SmallerBatch;
  /** `gpuHardware` alone. `left`: other GPUs of this host that may be used; null = unknown, the scheduler knows. */
  readonly exclude?: { readonly gpu: string | null; readonly host: string; readonly left: number | null };
  /** Rank of the earliest error, where a rank told one. */
  readonly rank: number | null;
  /** Steps of this run's verified checkpoints, rising. */
  readonly checkpoints: readonly number[];
  readonly loss: number | null;
}

/** Of a living attempt, for people alone: at most one of a kind per attempt and 1,000 steps. */
export interface Notice {
  /** `slow`: a phase is over its limit, but the tree works; `lowDisk`: less room than the next checkpoint needs. */
  readonly kind: 'straggler' | 'diverged' | 'slow' | 'supervisorLost' | 'lowDisk';
  readonly step: number;
  readonly text: string;
}

/** What the next attempt does otherwise. */
export type ResumeChange =
  /** Checkpoints from this step on go to quarantine first. */
  | { readonly kind: 'rollBack'; readonly quarantineFrom: number; readonly reason: string }
  | ({ readonly kind: 'smallerBatch' } & SmallerBatch)
  | { readonly kind: 'exclude'; readonly gpu: string | null; readonly host: string }
  /** Delete what retention allows before the start. */
  | { readonly kind: 'prune' };

export type Reaction =
  | { readonly do: 'succeed' }
  | { readonly do: 'resume'; readonly afterMs: number }
  | { readonly do: 'resumeWith'; readonly afterMs: number; readonly change: ResumeChange }
  | { readonly do: 'park'; readonly why: string }
  /** A newer epoch or an operator's end has the word: this run has no say any more. */
  | { readonly do: 'giveWay' }
  /** Nothing ended: people are told, the watch goes on. */
  | { readonly do: 'notify' };
