/** What selection and refinement hand on: JSON lines in blobs, by position of the query in the plan. */
import { z } from 'zod';
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

/** Why the base program stands. */
export const keptBecause = ['adaptationOff', 'noProgram', 'badProgram', 'leaked', 'scoredLower'] as const;

export const finalQuerySchema = selectedQuerySchema.extend({
  /** Null when no final program solves the query: the row is dropped. */
  final: z
    .object({ program: programRefSchema, score: z.number(), reasoning: z.string(), adapted: z.boolean() })
    .nullable(),
  kept: z.enum(keptBecause).nullable(),
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
