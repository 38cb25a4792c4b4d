/** superviseTraining: launches, watches and recovers a trainer; parks for an operator when it should not go on alone. Workflow id: training/NAME. */
import { z } from 'zod';
import { nameSchema } from '../shared/names.ts';
import { runFields } from '../shared/run-input.ts';
import type { Notice } from './outcome.ts';

export {
  type AttemptOutcome,
  type FailureClass,
  failureClasses,
  type Notice,
  type Reaction,
  type ResumeChange,
  type SmallerBatch,
} from './outcome.ts';

export const superviseTrainingType = 'superviseTraining';

export const trainingInputSchema = z.strictObject({
  /** The name of a finished dataset run (`dataset/NAME`). */
  dataset: nameSchema,
  recipe: nameSchema.default('tiny'),
  launcher: nameSchema.default('local'),
  ...runFields,
});
export type TrainingInput = z.infer<typeof trainingInputSchema>;
export type TrainingRequest = z.input<typeof trainingInputSchema>;

export const trainingStates = [
  'pending',
  'launching',
  'running',
  'recovering',
  'pausing',
  'paused',
  'needsOperator',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type TrainingState = (typeof trainingStates)[number];

export interface TrainingResult {
  readonly run: string;
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  /** sha256 over the artefact's manifest: the model's revision wherever it is used. */
  readonly artefact: string;
  readonly steps: number;
  readonly attempts: number;
  /** Training loss of the last logged step. */
  readonly finalLoss: number | null;
  readonly trainSeconds: number;
}

/** The recorded outcome of `resolveTrainingInput`. */
export interface TrainingPlan extends TrainingInput {
  /** Blob of the dataset's chat JSON lines: the data fingerprint. */
  readonly datasetSha256: string;
  readonly rows: number;
  /** Blob of the recipe as JSON: the config fingerprint. */
  readonly recipeSha256: string;
  readonly maxSteps: number;
}

export type LaunchResult =
  | {
      readonly kind: 'launched';
      readonly epoch: number;
      readonly host: string;
      /** Null = from the start. */
      readonly resumeStep: number | null;
      /** Damaged checkpoints that were moved aside on the way. */
      readonly quarantined: readonly { readonly step: number; readonly reason: string }[];
      readonly checkpoints: readonly number[];
    }
  /** There were checkpoints and none is whole: never silently step 0. */
  | {
      readonly kind: 'noCheckpoint';
      readonly quarantined: readonly { readonly step: number; readonly reason: string }[];
    };

/** Signal from the watch to the workflow, for the `progress` query. */
export interface TrainingStep {
  readonly epoch: number;
  readonly phase: string;
  readonly step: number;
  readonly maxSteps: number;
  readonly loss: number | null;
  readonly checkpoints: readonly number[];
  /** The latest ones, at most 8. */
  readonly notices?: readonly Notice[];
}

export const trainingStepSignal = 'trainingStep';

/** Updates of an operator; each is refused with the reason when the run's state does not allow it. */
export const trainingUpdates = {
  /** Parked or paused: go on from the newest verified checkpoint. No argument. */
  resume: 'resume',
  /** Parked or paused: `{ "step": 100 }`, one of the verified steps; newer checkpoints are set aside. */
  retryFromCheckpoint: 'retryFromCheckpoint',
  /** Running: save, stop the trainer, wait. No argument. */
  pause: 'pause',
  /** Running: write a checkpoint now. No argument. */
  saveNow: 'saveNow',
  /** Any state: `{ "reason": "…" }`; the trainer is stopped and the run fails. */
  abort: 'abort',
} as const;
