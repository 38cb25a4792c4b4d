/** What became of every query that a pool was built from: a JSON blob beside the blob of the pool's queries. It holds no times. */
import { z } from 'zod';
import { sha256Schema } from '../../../workflows/shared/names.ts';
import { contaminationRules } from './contamination.ts';

const count = z.int().nonnegative();
const idSchema = z.string().regex(/^[0-9a-f]{32}$/);
const queriesBlobSchema = z.object({ sha256: sha256Schema, count });
const droppedSchema = z.object({ id: idSchema, source: z.string(), of: idSchema });

/** Where queries come from: a blob of imported queries; `report`: of its `ImportReport`, where the import made one. */
export const poolInputSchema = z.object({
  source: z.string(),
  queries: queriesBlobSchema,
  report: sha256Schema.optional(),
});
export type PoolInput = z.infer<typeof poolInputSchema>;

export const fates = [
  'kept',
  'conflict',
  'duplicate',
  'nearDuplicate',
  'contaminated',
  'notSampled',
] as const;
export type Fate = (typeof fates)[number];

export const poolReportSchema = z.object({
  v: z.literal(1),
  /** The pool's version is the sha256 of this blob of `Query` lines, in the order of their ids. */
  queries: queriesBlobSchema,
  /** Blob of `Query` lines: those that were dropped or that another was dropped for, so that each entry below can be read. */
  others: queriesBlobSchema,
  inputs: z.array(poolInputSchema),
  /** Evaluation sets that the pool shares nothing with; `size`: their queries. */
  against: z.array(poolInputSchema),
  /** All queries of this source are held out, and the pool shares nothing with them. Null: nothing is held out. */
  heldOut: z.object({ source: z.string(), queries: queriesBlobSchema }).nullable(),
  settings: z.object({
    seed: count,
    /** Queries per source; sources that are not named are whole. */
    sample: z.record(z.string(), count),
    nearDuplicates: z.object({
      jaccard: z.number(),
      shingleWords: count,
      permutations: count,
      bands: count,
      /** Probability that a pair at the threshold is missed. */
      expectedMissRate: z.number(),
    }),
    contamination: z.object({
      gramWords: count,
      fewestWords: count,
      fewestMaskedWords: count,
      leastMaskedOverlap: z.number(),
      maskNumbers: z.boolean(),
    }),
  }),
  /** Queries by what became of them; their sum is what was read. */
  counts: z.array(
    z.object({
      source: z.string(),
      subject: z.string(),
      split: z.string(),
      licence: z.string(),
      fates: z.record(z.enum(fates), count),
    }),
  ),
  /** The same text with different golds: none is kept. */
  conflicts: z.array(z.array(z.object({ id: idSchema, source: z.string(), gold: z.string() })).min(2)),
  duplicates: z.array(droppedSchema),
  /** `sameGold`: false for a text that differs in a number, say; null where golds cannot be compared. */
  nearDuplicates: z.array(droppedSchema.extend({ jaccard: z.number(), sameGold: z.boolean().nullable() })),
  /** Pairs with a query of an evaluation set or of the held-out source. A query's first 20; `pairs` counts all. */
  contaminated: z.array(
    z.object({
      id: idSchema,
      source: z.string(),
      pairs: count,
      listed: z
        .array(
          z.object({
            set: z.string(),
            id: idSchema,
            rule: z.enum(contaminationRules),
            overlap: z.number(),
          }),
        )
        .min(1),
    }),
  ),
  /** Sources that have fewer queries left than the sample asked for. */
  short: z.array(z.object({ source: z.string(), asked: count, had: count })),
});
export type PoolReport = z.infer<typeof poolReportSchema>;

/** Pairs listed per contaminated query. */
export const maxListedPairs = 20;
