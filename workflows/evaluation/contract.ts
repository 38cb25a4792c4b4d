/** evaluateBenchmarks: systems x benchmarks x drivers -> scores, cost, statistics, report. Workflow id: evaluation/NAME. */
import type { ActivityOptions } from '@temporalio/common';
import { z } from 'zod';
import { matrixFields } from '../matrix/contract.ts';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema } from '../shared/program.ts';
import { type ResolvedRun, runFields, type RunIdentity } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';

export const evaluateBenchmarksType = 'evaluateBenchmarks';

/** A benchmark by registry name; `sha256` is the blob of its imported `Query` lines, absent for `generated`. */
export const benchmarkRefSchema = z.strictObject({ name: nameSchema, sha256: sha256Schema.optional() });
export type BenchmarkRef = z.infer<typeof benchmarkRefSchema>;

export const evaluationInputSchema = z.strictObject({
  benchmarks: z.array(benchmarkRefSchema).min(1).max(64),
  /** Pool programs by name, or `generator:MODEL` for a model in config that writes a program per query. */
  systems: z
    .array(
      z
        .string()
        .regex(/^(generator:)?[a-z0-9][a-z0-9._-]{0,63}$/, 'a pool program by name, or generator:MODEL'),
    )
    .min(1)
    .max(256)
    .default(['single', 'self-consistency']),
  drivers: z.array(nameSchema).min(1).max(16).default(['sim-driver']),
  /** The first N valid rows of each benchmark. */
  limit: z.number().int().positive().optional(),
  /** N rows sampled by `seed` instead. */
  sample: z.number().int().positive().optional(),
  repeats: z.number().int().positive().max(100).default(1),
  limits: limitsSchema.prefault({}),
  ...matrixFields,
  ...runFields,
});
export type EvaluationInput = z.infer<typeof evaluationInputSchema>;
export type EvaluationRequest = z.input<typeof evaluationInputSchema>;

/** One row of the summary: a system on a benchmark with a driver. Items that failed stay in the denominator. */
export interface ScoreRow {
  readonly system: string;
  readonly benchmark: string;
  readonly driver: string;
  /** Items, never repeats. */
  readonly n: number;
  /** Sum of scores; a fraction when repeats are averaged per item. */
  readonly correct: number;
  readonly failed: number;
  readonly accuracy: number;
  /** 95 % confidence interval of `accuracy`. */
  readonly low: number;
  readonly high: number;
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

export interface EvaluationResult {
  readonly run: string;
  readonly results: readonly ScoreRow[];
  /** Executions that infrastructure prevented: they score 0 here, and the same input again retries them. */
  readonly unfinished: number;
  /** Blob of `report.json`; `masgpt report RUN` renders it as a page. */
  readonly files: Readonly<Record<string, string>>;
  readonly usage: Usage;
  readonly simulated: boolean;
}

/** The matrix of an evaluation. */
export interface EvaluationPlan {
  /** Blob of the matrix `Plan`. */
  readonly plan: string;
  readonly cells: number;
  readonly benchmarks: readonly {
    readonly name: string;
    /** Blob of its chosen queries. */
    readonly sha256: string;
    readonly items: number;
    /** Valid rows of the imported file. */
    readonly size: number;
  }[];
  readonly simulated: boolean;
}

export interface SummariseInput {
  readonly run: string;
  readonly input: EvaluationInput;
  readonly plan: EvaluationPlan;
}

export interface EvaluationActivities {
  resolveEvaluationInput(raw: unknown, identity: RunIdentity): Promise<ResolvedRun<EvaluationInput>>;
  planEvaluation(input: EvaluationInput): Promise<EvaluationPlan>;
  summariseEvaluation(input: SummariseInput): Promise<Pick<EvaluationResult, 'results' | 'files'>>;
}

const retry = { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '30 s' } as const;
const storageWork = {
  startToCloseTimeout: '30 m',
  scheduleToCloseTimeout: '7 d',
  heartbeatTimeout: '1 m',
  retry,
} as const;

/** Schedule-to-start is unlimited: work waits for a worker. Attempts are unlimited: only infrastructure fails them. */
export const evaluationActivityOptions = {
  planEvaluation: storageWork,
  summariseEvaluation: storageWork,
} as const satisfies Record<string, ActivityOptions>;
