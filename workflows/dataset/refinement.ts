/** What the refinement of a dataset is told and what it counts: input fields, reasons, and sums over batches. */
import { z } from 'zod';

export const refinementSchema = z.strictObject({
  /** Executions of base and adapted program that decide, by the same repeats; default: as many as the matrix has. */
  repeats: z.number().int().positive().max(100).optional(),
  /** How often the refiner may write a program for a query; each try is told why the last one was refused. */
  tries: z.number().int().positive().max(10).default(1),
  /** Leave out the queries that no final program solves. */
  dropUnsolved: z.boolean().default(true),
});
export type Refinement = z.infer<typeof refinementSchema>;

/** Why a program that the refiner wrote is not used. The last two: what the controls caught. */
export const refusals = [
  'noProgram', // no block with a class MAS
  'truncated', // the reply ended at its limit of tokens
  'badProgram', // syntax, shape, an error among the findings, or too large
  'noAgents', // it asks no model, and the base does
  'mentionsOriginal', // it speaks of an earlier version
  'noReasoning', // no sentence that may stand
  'leaked', // it has the answer in it
  'failed', // it failed when it was executed, and scored lower
  'scoredLower',
  'constantDriver', // it is right although its agents say nothing
  'similarQuery', // it gives this query's answer to another query
] as const;
export type Refusal = (typeof refusals)[number];

export const controls = ['constantDriver', 'similarQuery'] as const satisfies readonly Refusal[];
export type Control = (typeof controls)[number];

export interface RefinementSums {
  /** Queries for which the refiner was asked to adapt the program. */
  readonly tried: number;
  readonly accepted: number;
  /** The base stands: adaptation was off, every try refused, or the budget spent. */
  readonly kept: number;
  /** Queries whose refinement a spent budget ended (`whenSpent: 'use'`); absent: none. */
  readonly unpaid?: number;
  /** Programs that the refiner wrote and that were refused, by reason: tries, not queries. */
  readonly refused?: Readonly<Partial<Record<Refusal, number>>>;
  /** Queries by the control that caught a program written for them; ids, at most 100 in a run's result. */
  readonly caught?: Readonly<
    Record<Control, { readonly count: number; readonly queries: readonly string[] }>
  >;
}

export const noCatches: NonNullable<RefinementSums['caught']> = {
  constantDriver: { count: 0, queries: [] },
  similarQuery: { count: 0, queries: [] },
};

const maxListed = 100;

/** Sums without `refused` and `caught` (of an earlier release) count as none. */
export function addRefinement(a: RefinementSums, b: RefinementSums): RefinementSums {
  const refused = { ...a.refused };
  for (const reason of refusals) {
    const count = (refused[reason] ?? 0) + (b.refused?.[reason] ?? 0);
    if (count > 0) refused[reason] = count;
  }
  const unpaid = (a.unpaid ?? 0) + (b.unpaid ?? 0);
  const caughtBy = (control: Control) => {
    const [left, right] = [a, b].map(({ caught = noCatches }) => caught[control]);
    const queries = [...(left?.queries ?? []), ...(right?.queries ?? [])].slice(0, maxListed);
    return { count: (left?.count ?? 0) + (right?.count ?? 0), queries };
  };
  return {
    tried: a.tried + b.tried,
    accepted: a.accepted + b.accepted,
    kept: a.kept + b.kept,
    ...(unpaid > 0 ? { unpaid } : {}),
    refused,
    caught: { constantDriver: caughtBy('constantDriver'), similarQuery: caughtBy('similarQuery') },
  };
}
