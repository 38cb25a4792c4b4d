/**
 * The matrix: systems x queries x drivers x repeats, executed in bulk. Dataset construction and evaluation both run one.
 * A plan is a blob; a cell is an index into it, so that history carries two numbers and one sha256 per batch.
 */
import type { ActivityOptions } from '@temporalio/common';
import { z } from 'zod';
import type { Counts } from '../shared/counts.ts';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema, programRefSchema } from '../shared/program.ts';
import type { Usage } from '../shared/usage.ts';
import { blockSchema, pairAt, pairCount } from './blocks.ts';

export const runBatchType = 'runBatch';

/** As the input wrote it: a pool program's name or alias, or `generator:MODEL`. */
const systemIdSchema = z.string().regex(/^(generator:)?[a-z0-9][a-z0-9._-]{0,63}$/);

/** A system: a fixed program, or a generator that writes one per query. */
export const systemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('program'), id: systemIdSchema, program: programRefSchema }),
  z.object({
    kind: z.literal('generator'),
    id: systemIdSchema,
    generator: nameSchema,
    fallback: programRefSchema,
  }),
]);
export type System = z.infer<typeof systemSchema>;

const planFieldsSchema = z.object({
  v: z.literal(1),
  /** Blob: JSON lines of `Query`. */
  queries: sha256Schema,
  queryCount: z.number().int().positive(),
  systems: z.array(systemSchema).min(1),
  /** A sparse plan: only these queries on these systems. Absent: all on all. */
  blocks: z.array(blockSchema).min(1).optional(),
  drivers: z.array(nameSchema).min(1),
  /** Revision by model name, as it was when the plan was made: a worker whose config says otherwise refuses the batch. */
  revisions: z.record(nameSchema, z.string()).default({}),
  repeats: z.number().int().positive(),
  seed: z.number().int(),
  tenant: nameSchema,
  limits: limitsSchema,
  /** Leave the program out of the execution seed, so that two programs meet the same draws. */
  commonRandomNumbers: z.boolean().default(false),
});

export const planSchema = planFieldsSchema.refine(
  ({ blocks = [], queryCount, systems }) =>
    blocks.every(
      (block) =>
        block.queries.every((query) => query < queryCount) &&
        block.systems.every((system) => system < systems.length),
    ),
  { path: ['blocks'], message: 'a position is beyond the queries or the systems' },
);
export type Plan = z.infer<typeof planSchema>;

export interface Cell {
  readonly query: number;
  readonly system: number;
  readonly driver: number;
  readonly repeat: number;
}

export function cellCount({ blocks, queryCount, systems, drivers, repeats }: Plan): number {
  const pairs = blocks ? pairCount(blocks) : queryCount * systems.length;
  return pairs * drivers.length * repeats;
}

/** Cells are ordered by query first (in a sparse plan by block, then query), so that a partial matrix covers whole queries. */
export function cellAt({ blocks, systems, drivers, repeats }: Plan, index: number): Cell {
  const byDriver = Math.floor(index / repeats);
  const pair = Math.floor(byDriver / drivers.length);
  const place = blocks
    ? pairAt(blocks, pair)
    : { query: Math.floor(pair / systems.length), system: pair % systems.length };
  return { ...place, driver: byDriver % drivers.length, repeat: index % repeats };
}

/** Input of the child workflow `runBatch` and of its activities: the cells [from, to) of a plan. */
export interface BatchInput {
  readonly plan: string;
  readonly from: number;
  readonly to: number;
  /** The parent's `KIND/NAME`: scope of the budget. */
  readonly run: string;
  readonly priority: number;
  /** Row of `matrix_steering` that says whether and how fast the batch goes on; absent in batches of older releases. */
  readonly steering?: string;
}

export interface BatchResult {
  readonly from: number;
  readonly to: number;
  /** Executions that ended with an answer. */
  readonly answered: number;
  /** Executions that ended with a named program failure: data. */
  readonly failed: number;
  /** Executions that infrastructure prevented; the next start of the run retries them. */
  readonly infraFailed: number;
  /** Cells left undone because a budget is spent: the run's, a parent's or its tenant's. */
  readonly budgetSkipped: number;
  /** With `budgetSkipped`: which level is spent, and its figures. */
  readonly budget?: string;
  /** Cells left undone because the run was paused, or its time was over, while the batch ran. */
  readonly heldBack?: number;
  /** Of `answered` and `failed`: cells that were there before this start of the run. Absent in results of older releases, as is the next. */
  readonly found?: number;
  /** Of `failed` and `infraFailed`: by the program's failure kind, or `infrastructure`. */
  readonly failureKinds?: Counts;
  /** Cost of what this batch newly executed; cells found stored cost nothing. */
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface GradeCount {
  /** Scores newly written; cells with a score by the same grader version are skipped. */
  readonly graded: number;
}

/** Batches [from, to) of a plan, cut into `batchSize` cells; the last one may be shorter. */
export interface SurveyInput extends Pick<BatchInput, 'plan' | 'run'> {
  readonly batchSize: number;
  readonly from: number;
  readonly to: number;
}

export interface SurveyResult {
  /** Numbers of the batches in which a cell is not executed or not graded. */
  readonly todo: readonly number[];
  /** Cells of the other batches. */
  readonly answered: number;
  readonly failed: number;
  /** Of `failed`; absent in results of older releases. */
  readonly failureKinds?: Counts;
  readonly simulated: boolean;
}

/** `queries` 0: no query is complete, and the plan is the given one. */
export interface CompletePart {
  readonly plan: string;
  readonly cells: number;
  readonly queries: number;
}

/** Of the inputs of runs that have a matrix. */
export const matrixFields = {
  /** Minutes after which the matrix begins no further execution, counted from the run's start, pauses included. */
  maxWallMinutes: z.number().positive().max(525_600).optional(),
};

/** The most of each. */
export const tuneLimits = { window: 64, executionsAtOnce: 512 } as const;

export const tuneSchema = z.strictObject({
  /** Batches in flight. */
  window: z.number().int().min(1).max(tuneLimits.window).optional(),
  /** Executions at once in each batch; default: the worker's `slots.executions`. */
  executionsAtOnce: z.number().int().min(1).max(tuneLimits.executionsAtOnce).optional(),
});
export type Tune = z.infer<typeof tuneSchema>;

/** How a matrix is driven; what the updates `pause`, `resume` and `tune` return. */
export interface MatrixControl {
  readonly paused: boolean;
  readonly window: number;
  readonly executionsAtOnce?: number;
}

export const updateNames = { pause: 'pause', resume: 'resume', tune: 'tune' } as const;

/** A row of `matrix_steering`; one with a lower version is not written. */
export interface SteerInput {
  /** The first execution run id of the parent. */
  readonly steering: string;
  readonly version: number;
  /** No further execution begins; those under way end. */
  readonly held: boolean;
  readonly executionsAtOnce?: number;
}

export interface MatrixActivities {
  /** Executes the cells that are not stored yet (activities/mas/run-executions.ts). */
  runExecutions(batch: BatchInput): Promise<BatchResult>;
  /** Grades the stored answers of the batch (activities/benchmarks/grade-executions.ts). */
  gradeExecutions(batch: BatchInput): Promise<GradeCount>;
  /** The batch's result as the database has it; null while a cell is neither executed nor graded. */
  reconcileBatch(batch: BatchInput): Promise<BatchResult | null>;
  /** Which batches there is work in (activities/benchmarks/survey-batches.ts). */
  surveyBatches(input: SurveyInput): Promise<SurveyResult>;
  /** The queries of a plan of which every cell is done, as a plan (activities/benchmarks/keep-complete.ts). */
  keepComplete(plan: string): Promise<CompletePart>;
  /** Tells the batches in flight how to go on; they look every second. */
  steerRun(input: SteerInput): Promise<void>;
}

/** What a heartbeat of `runExecutions` and `gradeExecutions` tells: cells of the batch that are done by now. */
export interface BatchProgress extends Pick<BatchResult, 'found' | 'failureKinds'> {
  readonly done: number;
  /** `infraFailed` among them. */
  readonly failed: number;
  readonly usage: Usage;
}

const infrastructureRetry = {
  initialInterval: '1 s',
  backoffCoefficient: 2,
  maximumInterval: '30 s',
} as const;

/** Schedule-to-start is unlimited everywhere: a batch waits for a worker. Attempts are unlimited: only infrastructure fails them. */
export const matrixActivityOptions = {
  runExecutions: {
    startToCloseTimeout: '24 h',
    scheduleToCloseTimeout: '60 d',
    heartbeatTimeout: '20 s',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: infrastructureRetry,
  },
  gradeExecutions: {
    startToCloseTimeout: '6 h',
    scheduleToCloseTimeout: '60 d',
    heartbeatTimeout: '20 s',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: infrastructureRetry,
  },
  reconcileBatch: { startToCloseTimeout: '2 m', scheduleToCloseTimeout: '60 d', retry: infrastructureRetry },
  surveyBatches: {
    startToCloseTimeout: '30 m',
    scheduleToCloseTimeout: '60 d',
    heartbeatTimeout: '20 s',
    retry: infrastructureRetry,
  },
  keepComplete: {
    startToCloseTimeout: '2 h',
    scheduleToCloseTimeout: '60 d',
    heartbeatTimeout: '20 s',
    retry: infrastructureRetry,
  },
  steerRun: { startToCloseTimeout: '30 s', scheduleToCloseTimeout: '60 d', retry: infrastructureRetry },
} as const satisfies Record<keyof MatrixActivities, ActivityOptions>;
