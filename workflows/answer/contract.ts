/** answerQuery: the generator writes a MAS for one query, the MAS runs, the answer comes back. Workflow id: answer/REQUEST. */
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/common';
import { z } from 'zod';
import type { OutlineRow } from '../shared/agents-view.ts';
import { nameSchema } from '../shared/names.ts';
import { type Limits, limitsSchema, type ProgramRef } from '../shared/program.ts';
import { type ResolvedRun, runFields, type RunIdentity } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';

export const answerQueryType = 'answerQuery';
/** Sent by a worker whose live program goes on between two completions. */
export const wakeSignalName = 'wake';

export const answerInputSchema = z.strictObject({
  query: z
    .string()
    .trim()
    .min(1)
    .max(256 * 1024),
  /** A pool program by name; then no program is generated. */
  program: nameSchema.optional(),
  /** A model in config that writes the program; the config's default generator when absent. */
  generator: nameSchema.optional(),
  /** The generator mends its program once when that fails; the config's `generation.repair` when absent. */
  repair: z.boolean().optional(),
  driver: nameSchema.default('sim-driver'),
  limits: limitsSchema.prefault({}),
  ...runFields,
});
export type AnswerInput = z.infer<typeof answerInputSchema>;
/** What a caller passes: everything but `query` has a default. */
export type AnswerRequest = z.input<typeof answerInputSchema>;

/**
 * Steps of the ladder, in order: a program named by the input, or the generated one and its repair; then the fallback
 * program; then one plain call.
 */
export type AnsweredBy = 'chosen' | 'generated' | 'repaired' | 'fallback' | 'single';

export interface AnswerResult {
  readonly run: string;
  /** `failed`: the run's row says so too, with the last reason of `skipped` as its cause. */
  readonly status: 'answered' | 'failed';
  /** The program's answer; empty when `status` is `failed`. */
  readonly answer: string;
  readonly answeredBy: AnsweredBy;
  readonly program: ProgramRef;
  /** Why an earlier step of the ladder did not answer, in order. */
  readonly skipped: readonly { readonly step: AnsweredBy; readonly kind: string; readonly message: string }[];
  readonly usage: Usage;
  /** After interruptions: calls that were not as recorded, and changes of the guest. The answer holds; new calls may be paid. */
  readonly divergences: number;
  /** Blob of the trace: one JSON line per host call. */
  readonly trace: string;
  /** True when any model that took part is simulated. */
  readonly simulated: boolean;
}

/** What `resolveAnswerInput` records: the query by reference, programs and the driver pinned. */
export interface AnswerPlan {
  readonly query: { readonly id: string; readonly sha256: string };
  readonly chosen: ProgramRef | null;
  readonly generator: string | null;
  /** Absent in runs of a release without repairs; likewise `single`. */
  readonly sampling?: { readonly temperature: number; readonly maxTokens: number; readonly seed: number };
  readonly repair?: boolean;
  readonly fallback: ProgramRef;
  /** One plain call. */
  readonly single?: ProgramRef;
  readonly driver: string;
  /** Of the driver's weights. */
  readonly revision: string;
  readonly limits: Limits;
  readonly seed: number;
  /** The driver's endpoint declared itself a simulation. */
  readonly simulated: boolean;
}

/** Argument of the local activity `stepProgram`; local arguments do not enter history. */
export interface StepInput extends Pick<AnswerPlan, 'query' | 'driver' | 'revision' | 'limits' | 'seed'> {
  readonly run: string;
  readonly tenant: string;
  readonly program: ProgramRef;
  /** `seq` of the calls that the workflow has in hand already. */
  readonly handed: readonly number[];
  /** `seq` of calls whose activity has ended since the last step. */
  readonly answered?: readonly number[];
  /** The workflow has the program's outline. */
  readonly outlined?: boolean;
  /** The total time is up: end the program. */
  readonly expired?: true;
}

/** A call by reference to its journal row. */
export interface CallRef {
  readonly seq: number;
  /** Absent for `chat`. */
  readonly method?: string;
  /** Number of the agent, told by its prompt's opening words; 0 = no agent. */
  readonly agent: number;
  /** Of the node of the program's graph that made it, where that is known: an identifier of the program. */
  readonly name?: string;
  readonly summary: string;
}

export type ProgramStep =
  | {
      readonly execution: string;
      readonly state: 'waiting' | 'running';
      readonly calls: readonly CallRef[];
      /** `seq` of the calls, of those in `handed` and `answered`, whose replies the program has by now. */
      readonly delivered?: readonly number[];
      /** Of the program, unless the input says `outlined`. */
      readonly outline?: readonly OutlineRow[];
    }
  | { readonly execution: string; readonly state: 'answered' }
  | { readonly execution: string; readonly state: 'failed'; readonly kind: string; readonly message: string }
  /** The total time passed while the model did not answer: not the program's failure. */
  | { readonly execution: string; readonly state: 'outage' };

/** Argument of `chatCall` and `runCode`; they load and answer the row. */
export interface CallInput {
  readonly execution: string;
  readonly seq: number;
  /** No other call is open: where the program lives in the worker that makes the call, it goes on from there at once. */
  readonly goOn?: true;
}

export interface CallDone {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
  /** What the next `stepProgram` would return: the program has gone on with the reply already. */
  readonly step?: ProgramStep;
}

export interface GenerateInput extends Pick<AnswerPlan, 'query' | 'sampling'> {
  readonly run: string;
  readonly tenant: string;
  readonly generator: string;
  /** The generation to repair, and the execution that showed its program's failure: null when it holds no program. */
  readonly repair?: { readonly generation: string; readonly execution: string | null };
}

export type Generated =
  | { readonly key: string; readonly status: 'ok'; readonly program: ProgramRef }
  | { readonly key: string; readonly status: 'failed'; readonly kind: string; readonly message: string };

/** Argument of `concludeAnswer`. */
export interface ConcludeInput {
  readonly driver: string;
  /** The first program's and its repair's. */
  readonly generations: readonly string[];
  /** Every execution of the ladder, in order; the last one answered, if any did. */
  readonly executions: readonly string[];
  readonly answered: boolean;
}

export type Conclusion = Pick<AnswerResult, 'answer' | 'usage' | 'divergences' | 'trace' | 'simulated'>;

export interface AnswerActivities {
  resolveAnswerInput(raw: unknown, identity: RunIdentity): Promise<ResolvedRun<AnswerPlan>>;
  stepProgram(input: StepInput): Promise<ProgramStep>;
  /** Frees the live program of a run that no longer wants it. */
  releaseProgram(input: StepInput): Promise<void>;
  chatCall(input: CallInput): Promise<CallDone>;
  runCode(input: CallInput): Promise<CallDone>;
  generateProgram(input: GenerateInput): Promise<Generated>;
  concludeAnswer(input: ConcludeInput): Promise<Conclusion>;
}

const infrastructureRetry = {
  initialInterval: '1 s',
  backoffCoefficient: 2,
  maximumInterval: '30 s',
} as const;

/**
 * Calls wait for a worker and for the model as long as it takes: the program's total time and the run's budget bound them.
 * Writing a program does not: after a quarter of an hour the fallback program answers.
 */
export const answerActivityOptions = {
  call: {
    startToCloseTimeout: '15 m',
    scheduleToCloseTimeout: '7 d',
    heartbeatTimeout: '10 s',
    retry: infrastructureRetry,
  },
  generate: {
    startToCloseTimeout: '12 m',
    scheduleToCloseTimeout: '15 m',
    heartbeatTimeout: '10 s',
    retry: infrastructureRetry,
  },
} as const satisfies Record<string, ActivityOptions>;

/** A step lasts 2 s and what it takes to open the sandbox and to replay. */
export const answerLocalOptions = {
  startToCloseTimeout: '60 s',
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
} as const satisfies LocalActivityOptions;
