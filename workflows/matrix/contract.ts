/**
 * The matrix: systems x queries x drivers x repeats, executed in bulk. Dataset construction and evaluation both run one.
 * A plan is a blob; a cell is an index into it, so that history carries two numbers and one sha256 per batch.
 */
import type { ActivityOptions } from '@temporalio/common';
import { z } from 'zod';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema, programRefSchema } from '../shared/program.ts';
import type { Usage } from '../shared/usage.ts';

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

export const planSchema = z.object({
  v: z.literal(1),
  /** Blob: JSON lines of `Query`. */
  queries: sha256Schema,
  queryCount: z.number().int().positive(),
  systems: z.array(systemSchema).min(1),
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
export type Plan = z.infer<typeof planSchema>;

export interface Cell {
  readonly query: number;
  readonly system: number;
  readonly driver: number;
  readonly repeat: number;
}

export function cellCount(plan: Plan): number {
  return plan.queryCount * plan.systems.length * plan.drivers.length * plan.repeats;
}

/** Cells are ordered by query first, so that a partial matrix covers whole queries. */
export function cellAt(plan: Plan, index: number): Cell {
  const repeat = index % plan.repeats;
  const byDriver = Math.floor(index / plan.repeats);
  const driver = byDriver % plan.drivers.length;
  const bySystem = Math.floor(byDriver / plan.drivers.length);
  const system = bySystem % plan.systems.length;
  return { query: Math.floor(bySystem / plan.systems.length), system, driver, repeat };
}

/** Input of the child workflow `runBatch` and of its activities: the cells [from, to) of a plan. */
export interface BatchInput {
  readonly plan: string;
  readonly from: number;
  readonly to: number;
  /** The parent's `KIND/NAME`: scope of the budget. */
  readonly run: string;
  readonly priority: number;
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
  /** Cost of what this batch newly executed; cells found stored cost nothing. */
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface GradeCount {
  /** Scores newly written; cells with a score by the same grader version are skipped. */
  readonly graded: number;
}

export interface MatrixActivities {
  /** Executes the cells that are not stored yet (activities/mas/run-executions.ts). */
  runExecutions(batch: BatchInput): Promise<BatchResult>;
  /** Grades the stored answers of the batch (activities/benchmarks/grade-executions.ts). */
  gradeExecutions(batch: BatchInput): Promise<GradeCount>;
  /** The batch's result as the database has it; null while a cell is neither executed nor graded. */
  reconcileBatch(batch: BatchInput): Promise<BatchResult | null>;
}

/** What a heartbeat of `runExecutions` and `gradeExecutions` tells: cells of the batch that are done by now. */
export interface BatchProgress {
  readonly done: number;
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
} as const satisfies Record<keyof MatrixActivities, ActivityOptions>;
