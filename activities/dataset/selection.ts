/** What selection and refinement hand on: JSON lines in blobs, by position of the query in the plan. */
import { z } from 'zod';
import { refusals } from '../../workflows/dataset/refinement.ts';
import { sha256Schema } from '../../workflows/shared/names.ts';
import { programRefSchema } from '../../workflows/shared/program.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';

export const selectedQuerySchema = z.object({
  queryIndex: z.number().int().nonnegative(),
  group: z.string(),
  base: programRefSchema,
  /** Mean over the repeats of the base program on this very query, 0 to 1. */
  baseScore: z.number(),
});
export type SelectedQuery = z.infer<typeof selectedQuerySchema>;

/** Why the base program stands: the last refusal, or a budget that was spent before the tries were. */
export const keptBecause = ['adaptationOff', 'budget', ...refusals] as const;

/** One execution's cost, mean over the repeats, as recorded. */
const perExecutionSchema = z.object({
  llmCalls: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUsd: z.number(),
});

/** What the controls found on an adapted program (controls.ts). */
export const controlledSchema = z.object({
  /** Score with a driver whose replies are constant. */
  constantDriver: z.number(),
  /** Score on the nearest query with another answer; null where there is none. */
  similarQuery: z.object({ queryId: z.string(), score: z.number() }).nullable(),
});
export type Controlled = z.infer<typeof controlledSchema>;

const finalSchema = z.object({
  program: programRefSchema,
  score: z.number(),
  reasoning: z.string(),
  adapted: z.boolean(),
  /** Equal for programs that differ in layout, comments and names only; null where it could not be read. */
  fingerprint: z.string().nullable().optional(),
  /** Of an adapted program to its base (similarity.ts). */
  similarity: z.number().nullable().optional(),
  perExecution: perExecutionSchema.nullable().optional(),
  controls: controlledSchema.nullable().optional(),
});

/** A program or reply of the refiner that was refused. */
const refusedTrySchema = z.object({
  why: z.enum(refusals),
  program: sha256Schema.nullable(),
  /** Over the repeats, where it was executed. */
  score: z.number().nullable(),
});
export type RefusedTry = z.infer<typeof refusedTrySchema>;

export const finalQuerySchema = selectedQuerySchema.extend({
  queryId: z.string().optional(),
  /** Null when no final program solves the query: the row is dropped. */
  final: finalSchema.nullable(),
  kept: z.enum(keptBecause).nullable(),
  /** In order. */
  refused: z.array(refusedTrySchema).optional(),
  /** A spent budget ended its refinement: the base stands, or has no reasoning. */
  unpaid: z.literal(true).optional(),
});
export type FinalQuery = z.infer<typeof finalQuerySchema>;

/** A query counts as solved when more than half of its repeats are right. */
export function isSolved(meanScore: number): boolean {
  return meanScore > 0.5;
}

export async function readLines<T>(blobs: Blobs, sha256: string, schema: z.ZodType<T>): Promise<T[]> {
  const lines = (await blobs.getText(sha256)).split('\n').filter((line) => line !== '');
  return lines.map((line) => schema.parse(JSON.parse(line)));
}

/** Canonical, so that equal content has equal bytes. */
export function writeLines(blobs: Blobs, rows: readonly unknown[]): Promise<string> {
  return blobs.put(rows.map((row) => `${canonicalJson(row)}\n`).join(''));
}
