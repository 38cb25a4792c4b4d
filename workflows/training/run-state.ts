/** What a training run decides by, and what of it survives continue-as-new. */
import type { CancellationScope } from '@temporalio/workflow';
import type { ResolvedRun } from '../shared/run-input.ts';
import type { AttemptRef } from './attempt.ts';
import type { NoticeEvent, TrainingPlan, TrainingUpdate } from './contract.ts';
import type { FailureRecord } from './reaction.ts';
import type { CarriedView } from './run-view.ts';

/** State across continue-as-new. */
export interface Carried {
  readonly v: 1;
  readonly resolved: ResolvedRun<TrainingPlan>;
  readonly plan: TrainingPlan;
  readonly attempt: AttemptRef;
  readonly attempts: number;
  readonly launches: number;
  readonly told: number;
  readonly failures: readonly FailureRecord[];
  readonly view: CarriedView;
}

export interface RunState {
  /** As operators and reactions changed it. */
  plan: TrainingPlan;
  attempt: AttemptRef | undefined;
  failures: readonly FailureRecord[];
  /** Launches so far: the number of the last child workflow. */
  launches: number;
  /** Attempts that came about. */
  attempts: number;
  /** Notices so far. */
  told: number;
  /** The attempt whose host does not answer. */
  silent: { readonly epoch: number; readonly host: string } | undefined;
  refused: readonly TrainingUpdate[];
  /** What waits for the attempt, and may be called off. */
  watching: CancellationScope;
}

/** Tells people outside. */
export type Tell = (event: NoticeEvent, text: string, cause?: string) => Promise<void>;
