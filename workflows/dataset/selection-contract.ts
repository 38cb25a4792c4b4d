/** Part of buildDataset's input: how queries are grouped, and how a group's program is chosen and judged. */
import { z } from 'zod';
import { nameSchema } from '../shared/names.ts';

export const groupBySchema = z.enum(['source', 'subject', 'embedding']);
export type GroupBy = z.infer<typeof groupBySchema>;

/** Of `groupBy: 'embedding'`. */
export const groupingSchema = z.strictObject({
  /** Groups; `auto` takes the number of the highest silhouette, from 2 to 64. */
  k: z.union([z.literal('auto'), z.number().int().min(1).max(1_024)]).default('auto'),
  /** `minilm`, which runs in the worker, or a model of the config whose endpoint has `/embeddings`. */
  embedder: nameSchema.default('minilm'),
});
export type Grouping = z.infer<typeof groupingSchema>;

export const leadersSchema = z.strictObject({
  /** Programs per group that get more repeats. */
  count: z.number().int().min(2).max(64).default(4),
  /** Repeats that each round adds. */
  extraRepeats: z.number().int().positive().max(50).default(2),
  /** Each round halves the programs that go on. */
  rounds: z.number().int().min(1).max(4).default(1),
});
export type Leaders = z.infer<typeof leadersSchema>;

export const raceDefaults = { alpha: 0.05, tolerance: 0.01, looks: 10, leastQueries: 16 } as const;

/** Of the adaptive matrix (activities/dataset/choosing/race.ts). */
export const raceSchema = z.strictObject({
  /** Chance that the race of a group drops a program that leads by more than the tolerance. */
  alpha: z.number().min(1e-6).max(0.5).default(raceDefaults.alpha),
  /** A lead over the group's queries that may be given away, 0 to 1. */
  tolerance: z.number().min(0).max(0.5).default(raceDefaults.tolerance),
  /** How often programs may drop out, at equal parts of the group. */
  looks: z.number().int().min(2).max(50).default(raceDefaults.looks),
  /** Queries of a group before the first look. */
  leastQueries: z.number().int().min(2).max(10_000).default(raceDefaults.leastQueries),
});
export type Race = z.infer<typeof raceSchema>;

export const selectionSchema = z.strictObject({
  /** The highest score, or the cheapest of those that are within one standard error of it. */
  rule: z.enum(['best', 'cheapestWithinOneError']).default('best'),
  /** What is cheap. */
  cost: z.enum(['tokens', 'costUsd']).default('tokens'),
  /** An honest estimate of what the chosen programs are worth: chosen on one half, scored on the other, both ways. */
  crossFit: z.enum(['off', 'repeats', 'queries']).default('queries'),
  /** Absent: every program keeps the matrix's repeats. */
  leaders: leadersSchema.optional(),
  /** Programs drop out of a group's matrix when they cannot lead it any more. Absent: the full matrix. */
  race: raceSchema.optional(),
  /** Of the test that the groups beat random ones; 0: no test. */
  permutations: z.number().int().min(0).max(99_999).default(999),
});
export type SelectionSettings = z.infer<typeof selectionSchema>;

/** As runs of earlier releases chose, whose inputs have no such field. */
export const earlierSelection: SelectionSettings = {
  ...{ rule: 'best', cost: 'tokens', crossFit: 'off', permutations: 0 },
};

/** Cells that the rounds of leaders added to the matrix. Blob: one per line. */
export const leaderCellsSchema = z.object({
  /** Positions in the plan. */
  queries: z.array(z.number().int().nonnegative()),
  programs: z.array(z.number().int().nonnegative()),
  /** Their repeats now; those of the matrix come first. */
  repeats: z.number().int().positive(),
});

export interface LeadersInput {
  readonly plan: string;
  /** From 0. */
  readonly round: number;
  readonly more: FurtherScores;
}

export interface LeadersPlan {
  /** Blob of `leaderCellsSchema` lines; null when there is nothing to decide. */
  readonly cells: string | null;
  /** Matrix plans that execute them; cells of the score matrix are in them and done already. */
  readonly plans: readonly {
    readonly plan: string;
    readonly cells: number;
    /** Of its cells: those that neither the score matrix nor an earlier round has. Absent in runs of earlier releases. */
    readonly further?: number;
  }[];
}

export interface RaceInput {
  /** Blob of the full matrix's plan. */
  readonly plan: string;
  /** As of `FurtherScores`. */
  readonly groups?: string;
  /** `RacePlan.raced` of the round before, all of which is executed; absent before the first. */
  readonly raced?: string;
}

export interface RacePlan {
  /** From 1. */
  readonly look: number;
  /** The plan that this round executes; null when the race is over. */
  readonly round: { readonly plan: string; readonly cells: number } | null;
  /** Plan of all that the race has asked for, this round included. The same as `plan` but for its blocks: in the order of the looks. */
  readonly raced: string;
  readonly cells: number;
  /** What it comes to when no program drops out any more. */
  readonly mostCells: number;
}

export interface RegroupInput {
  readonly groups: string;
  /** The plan whose queries they label. */
  readonly from: string;
  /** A plan of some of these queries. */
  readonly to: string;
}

/** What the selection reads beside the plan. */
export interface FurtherScores {
  /** Blob of `groupsSchema`; absent when the metadata group. */
  readonly groups?: string;
  /** Blobs of leader cells, by round. */
  readonly leaders?: readonly string[];
}

export const groupsSchema = z.object({
  v: z.literal(1),
  /** Group by position of the query in the plan. */
  labels: z.array(z.number().int().nonnegative()),
  /** Names, and the first characters of the query that is nearest to the group's middle. */
  groups: z.array(z.object({ name: z.string(), exemplar: z.string() })),
  embedder: z.string(),
  /** Mean over a sample; -1 to 1. */
  silhouette: z.number(),
  /** With `auto`. */
  tried: z.array(z.object({ k: z.number(), silhouette: z.number() })),
});
export type Groups = z.infer<typeof groupsSchema>;
