/** evaluateBenchmarks: systems x benchmarks x drivers -> scores, cost, statistics, report. Workflow id: evaluation/NAME. */
import { z } from 'zod';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema } from '../shared/program.ts';
import { runFields } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';

export const evaluateBenchmarksType = 'evaluateBenchmarks';

/** A benchmark by registry name; `sha256` is the blob of its imported `Query` lines, absent for `generated`. */
export const benchmarkRefSchema = z.strictObject({ name: nameSchema, sha256: sha256Schema.optional() });
export type BenchmarkRef = z.infer<typeof benchmarkRefSchema>;

export const evaluationInputSchema = z.strictObject({
  benchmarks: z.array(benchmarkRefSchema).min(1).max(64),
  /** Pool programs by name, or `generator:MODEL` for a model in config that writes a program per query. */
  systems: z
    .array(z.union([nameSchema, z.string().regex(/^generator:[a-z0-9][a-z0-9._-]{0,63}$/)]))
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
  /** Blobs of the report: `report.html` and `report.json`. */
  readonly files: Readonly<Record<string, string>>;
  readonly usage: Usage;
  readonly simulated: boolean;
}
