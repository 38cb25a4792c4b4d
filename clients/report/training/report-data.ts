/** What the report of a training run is drawn from; all of it survives the run's history in Temporal but `steppingMs` and `cause`. */
import type { SurveyedCheckpoint } from '../../../activities/training/checkpoints/survey.ts';
import type { KeptOperation } from '../../../activities/training/operations.ts';
import type { AttemptRecord, TrainingView } from '../../../workflows/training/view.ts';

/** Training loss as one attempt's events tell it, rising by step. */
export interface LossCurve {
  /** Null where the attempt is not known: the events are on another host. */
  readonly epoch: number | null;
  readonly points: readonly (readonly [step: number, loss: number])[];
}

export interface TrainingReport {
  /** training/NAME */
  readonly run: string;
  readonly state: string;
  readonly cause: string;
  readonly step: number;
  readonly maxSteps: number | null;
  readonly recipe: string;
  readonly dataset: string;
  /** The dataset was made with a simulated model. */
  readonly simulated: boolean;
  /** sha256 of the finished model. */
  readonly artefact: string | null;
  readonly goodput: number | null;
  readonly attempts: readonly AttemptRecord[];
  readonly curves: readonly LossCurve[];
  /** Newest first. */
  readonly checkpoints: readonly SurveyedCheckpoint[];
  readonly operations: readonly KeptOperation[];
  readonly notices: TrainingView['notices'];
  /** As YAML; empty where the run was not resolved. */
  readonly recipeText: string;
}

/** An attempt's steps from here on were made once more by a later one: its `toStep` when none was, its `fromStep` when all were. */
export function keptTo(attempts: readonly AttemptRecord[], epoch: number): number {
  const index = attempts.findIndex((attempt) => attempt.epoch === epoch);
  const { fromStep = 0, toStep = Infinity } = attempts[index] ?? {};
  const later = attempts.slice(index + 1).map((attempt) => attempt.fromStep);
  return Math.max(fromStep, Math.min(toStep, ...later));
}
