/** Why each group got its program: the blob `Selection.report`, which `masgpt dataset matrix view` draws. */
import { z } from 'zod';
import { raceSchema } from './selection-contract.ts';

const estimateSchema = z.object({
  mean: z.number(),
  /** Over queries; null below two. */
  standardError: z.number().nullable(),
  /** 95 %. */
  low: z.number(),
  high: z.number(),
});
export type Estimate = z.infer<typeof estimateSchema>;

const programScoreSchema = estimateSchema.extend({
  /** Executions that it rests on. */
  executions: z.number(),
  /** Per execution; null without one. */
  llmCalls: z.number().nullable(),
  tokens: z.number().nullable(),
  costUsd: z.number().nullable(),
  /** Queries by whether every execution solved them, none, or some (or in part). Absent in reports of earlier releases. */
  solved: z.object({ always: z.number(), partly: z.number(), never: z.number() }).optional(),
  /** The data do not tell it from the best: within one standard error of the difference. */
  near: z.boolean(),
  /** It dropped out of the race at this look (from 1), after so many queries, on which its figures rest. */
  dropped: z.object({ look: z.number(), queries: z.number() }).optional(),
});

export const groupReportSchema = z.object({
  group: z.string(),
  exemplar: z.string().optional(),
  queries: z.number(),
  /** Of them, with at least one execution. */
  observed: z.number(),
  /** Position of the chosen program; null: none solved any. */
  chosen: z.number().nullable(),
  why: z.enum(['alone', 'tie', 'cheaper', 'none']),
  /** Programs with the highest score. */
  tied: z.number(),
  /** Of the chosen program on the draws that chose it. */
  inSample: estimateSchema,
  crossFitted: estimateSchema.nullable(),
  /** By position of the program. */
  scores: z.array(programScoreSchema),
});
export type GroupReport = z.infer<typeof groupReportSchema>;

export const selectionReportSchema = z.object({
  v: z.literal(1),
  programs: z.array(z.string()),
  groups: z.array(groupReportSchema),
  queries: z.number(),
  /** Queries of groups that no program solved. */
  dropped: z.number(),
  repeats: z.number(),
  rule: z.enum(['best', 'cheapestWithinOneError']),
  cost: z.enum(['tokens', 'costUsd']),
  crossFit: z.enum(['off', 'repeats', 'queries']),
  groupBy: z.string(),
  clustering: z
    .object({
      embedder: z.string(),
      silhouette: z.number(),
      tried: z.array(z.object({ k: z.number(), silhouette: z.number() })),
    })
    .nullable(),
  /** Of an adaptive matrix: its settings, the executions it asked for, and those of the full matrix. */
  race: raceSchema.extend({ cells: z.number(), of: z.number() }).optional(),
  /** Mean score per query over all groups. */
  overall: z.object({ inSample: z.number(), crossFitted: z.number().nullable() }),
  permutation: z
    .object({
      grouped: z.number(),
      random: z.number(),
      single: z.number(),
      p: z.number(),
      permutations: z.number(),
      /** Queries it rests on, where those are not all: of a race, the ones before programs could drop out. */
      queries: z.number().optional(),
    })
    .nullable(),
});
export type SelectionReport = z.infer<typeof selectionReportSchema>;
