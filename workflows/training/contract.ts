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
  supersededByOwnLaunch,
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
  /** After a change within the run: the recipe that the run began with, by which its checkpoints are known. */
  readonly firstRecipeSha256?: string;
  readonly maxSteps: number;
  /** Search attributes of ours that the server knew when the run was resolved. */
  readonly searchAttributes?: readonly string[];
  /** Names of the config's targets of notices. */
  readonly notify?: readonly string[];
  /** Seconds without a worker on an attempt's host after which people are told. */
  readonly hostSilentS?: number;
  /** Seconds of waiting for a GPU after which people are told. */
  readonly gpuWaitS?: number;
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
      /** Those that it has to itself; absent = none. */
      readonly gpus?: readonly string[];
      /** How far the shim got from the worker (shim/scope.py); absent = found started, or in a scheduler's job. */
      readonly scope?: string;
    }
  /** It could not be made for as long as a host may be silent. */
  | {
      readonly kind: 'stuck';
      readonly reason: string;
      /** The older attempt of which nobody can say whether it lives, when that is why. */
      readonly of: { readonly epoch: number; readonly host: string } | null;
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
  readonly tokensPerS?: number | null;
  /** Those told since the last signal, at most 16. */
  readonly losses?: readonly (readonly [step: number, loss: number])[];
  /** The latest ones, at most 8. */
  readonly notices?: readonly Notice[];
}

export const trainingStepSignal = 'trainingStep';

/**
 * Updates of an operator; each is refused with the reason when the run's state does not allow it. Every argument may hold `by`
 * (who, at most 100 characters) and `why` (at most 500).
 */
export const trainingUpdates = {
  /** Parked or paused: go on from the newest verified checkpoint. No argument needed. */
  resume: 'resume',
  /** Parked or paused: `{ "step": 100 }`, one of the verified steps, or 0 for the start; newer checkpoints are set aside. */
  retryFromCheckpoint: 'retryFromCheckpoint',
  /** Parked or paused: fields of `ConfigChange` for the attempts to come. */
  changeConfig: 'changeConfig',
  /** Launching, running, recovering: save, stop the trainer, wait. No argument needed. */
  pause: 'pause',
  /** Running: write a checkpoint now. No argument needed. */
  saveNow: 'saveNow',
  /** Any state but an end: `{ "reason": "…" }`; the trainer saves, is stopped, and the run fails. */
  abort: 'abort',
  /** Where the host of an attempt is silent: `{ "epoch": 3, "reason": "…" }`; the next attempt starts elsewhere. */
  declareLost: 'declareLost',
} as const;
export type TrainingUpdate = keyof typeof trainingUpdates;

/** Which update a state takes; `declareLost` also needs a silent host. */
export const statesOfUpdate: Readonly<Record<TrainingUpdate, readonly TrainingState[]>> = {
  resume: ['needsOperator', 'paused'],
  retryFromCheckpoint: ['needsOperator', 'paused'],
  changeConfig: ['needsOperator', 'paused'],
  pause: ['launching', 'running', 'recovering'],
  saveNow: ['running'],
  abort: ['pending', 'launching', 'running', 'recovering', 'pausing', 'paused', 'needsOperator'],
  declareLost: ['launching', 'running', 'recovering', 'pausing'],
};

/** Child of superviseTraining: mints an epoch and launches its trainer. Workflow id: training/NAME/launch/N. */
export const launchAttemptType = 'launchAttempt';

/** An older attempt, or the one just minted, is on a host whose worker does not answer: unknown is not dead. */
export interface Unproved {
  readonly kind: 'unproved';
  readonly epoch: number;
  readonly host: string;
}

/** The recipe asks for GPUs, and the host that was asked has none free. */
export interface NoGpus {
  readonly kind: 'noGpus';
  /** False = no host has what is asked, however long one waits. */
  readonly ever: boolean;
  /** One line: who holds them. */
  readonly reason: string;
  /** Other hosts that have enough free ones. */
  readonly elsewhere: readonly string[];
}

/** Signal from a host that for long cannot say whether an attempt lives: `HostUnknown`. */
export const hostUnknownSignal = 'hostUnknown';
export interface HostUnknown {
  readonly epoch: number;
  readonly why: string;
}

/** Signal to a run that waits for a GPU: look again. */
export const gpuFreedSignal = 'gpuFreed';

/** Told to people by webhook. */
export const noticeEvents = [
  'parked',
  'failed',
  'succeeded',
  'hostSilent',
  'noGpu',
  'launchStuck',
  'straggler',
  'diverged',
  'slow',
  'lowDisk',
  'supervisorLost',
] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

/** What a webhook gets, as JSON; delivered at least once, told apart by `id`. */
export interface OperatorNotice {
  readonly v: 1;
  /** The same at each delivery. */
  readonly id: string;
  readonly event: NoticeEvent;
  readonly run: string;
  readonly workflowId: string;
  readonly state: string;
  readonly cause: string;
  readonly step: number;
  readonly maxSteps: number;
  /** One line for people. */
  readonly text: string;
}

/** Child of superviseTraining that outlives it: delivers one notice to each target. Workflow id: training/NAME/notice/ID. */
export const tellOperatorsType = 'tellOperators';

/** Search attributes and their types; docker/temporal-search-attributes.sh and the embedded server register them. */
export const trainingAttributes = {
  MasgptState: 'Keyword',
  MasgptCause: 'Keyword',
  MasgptRecipe: 'Keyword',
  MasgptStep: 'Int',
} as const;
