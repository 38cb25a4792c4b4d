/** buildDataset: pool x queries -> score matrix -> selection -> refinement -> SFT dataset (method.md section 1). Workflow id: dataset/NAME. */
import type { ActivityOptions } from '@temporalio/common';
import { z } from 'zod';
import { matrixFields } from '../matrix/contract.ts';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema } from '../shared/program.ts';
import { type ResolvedRun, runFields, type RunIdentity } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';
import { exportSchema } from './export-contract.ts';
import {
  type FurtherScores,
  groupBySchema,
  groupingSchema,
  type LeadersInput,
  type LeadersPlan,
  type RaceInput,
  type RacePlan,
  type RegroupInput,
  selectionSchema,
} from './selection-contract.ts';
import { type Refinement, refinementSchema, type RefinementSums } from './refinement.ts';

export const buildDatasetType = 'buildDataset';

/** Queries by reference: an imported file's blob of `Query` JSON lines, or `generated` (the product's own problems, by seed). */
export const querySourceSchema = z.strictObject({
  source: nameSchema,
  sha256: sha256Schema.optional(),
  /** N valid rows by the run's seed, taken before `limit`. */
  sample: z.number().int().positive().optional(),
  /** The first N valid rows. */
  limit: z.number().int().positive().optional(),
});
export type QuerySource = z.infer<typeof querySourceSchema>;

/** A query pool (`masgpt dataset import`). */
export const queryPoolSchema = z.strictObject({
  pool: nameSchema,
  /** Its version, the sha256 of its queries; absent: the newest, which the first step of the run writes down here. */
  sha256: sha256Schema.optional(),
  /** The first N queries, which are in the order of their ids. */
  limit: z.number().int().positive().optional(),
});
export type QueryPool = z.infer<typeof queryPoolSchema>;

/** The three ablations of the paper, each true by default. */
export const switchesSchema = z.strictObject({
  /** Alike queries get the same program; off: one of the programs that solved the query, by `withoutInterConsistency`. */
  interConsistency: z.boolean().default(true),
  /** Which solver an ablated selection takes: a seeded random one, or the one that cost least. */
  withoutInterConsistency: z.enum(['random', 'cheapest']).default('random'),
  /** The refiner adapts the program to the query; off: the base program stands. */
  adaptation: z.boolean().default(true),
  /** The sample carries the reasoning that links query and program; off: the program alone. */
  reasoning: z.boolean().default(true),
});

const datasetFieldsSchema = z.strictObject({
  queries: z
    .array(z.union([querySourceSchema, queryPoolSchema]))
    .min(1)
    .max(32),
  /** Pool programs by name, or the whole pool. */
  programs: z.union([z.literal('all'), z.array(nameSchema).min(1).max(512)]).default('all'),
  /** Whose scores the selection uses; default: the first of `drivers`, else sim-driver. */
  driver: nameSchema.optional(),
  /** Drivers of the matrix; default: `driver` alone. */
  drivers: z.array(nameSchema).min(1).max(16).optional(),
  refiner: nameSchema.default('sim-refiner'),
  repeats: z.number().int().positive().max(100).default(1),
  groupBy: groupBySchema.default('subject'),
  grouping: groupingSchema.prefault({}),
  selection: selectionSchema.prefault({}),
  switches: switchesSchema.prefault({}),
  refinement: refinementSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  /** What is written. The matrix, the selection and the refinement do not depend on it. */
  export: exportSchema.prefault({}),
  /** When a budget or the time is spent: end with `Budget.Exceeded`, or use the queries whose executions are all there. */
  whenSpent: z.enum(['stop', 'use']).default('stop'),
  ...matrixFields,
  ...runFields,
});

/** `driver` is one of `drivers`, which hold it first: its scores are those at driver 0 of the plan. */
export const datasetInputSchema = datasetFieldsSchema.transform((given, context) => {
  const driver = given.driver ?? given.drivers?.[0] ?? 'sim-driver';
  const drivers = given.drivers ?? [driver];
  if (!drivers.includes(driver))
    context.addIssue({ code: 'custom', path: ['driver'], message: 'is none of `drivers`' });
  if (given.selection.crossFit === 'repeats' && given.repeats < 2)
    context.addIssue({
      code: 'custom',
      path: ['selection', 'crossFit'],
      message: '"repeats" needs at least 2 repeats; "queries" needs none',
    });
  if (given.selection.race && !given.switches.interConsistency)
    context.addIssue({
      code: 'custom',
      path: ['selection', 'race'],
      message:
        'without inter-consistency any program that solved a query may be taken, and a race leaves most of them out: use the full matrix',
    });
  return { ...given, driver, drivers: [...new Set([driver, ...drivers])] };
});
export type DatasetInput = z.infer<typeof datasetInputSchema>;
export type DatasetRequest = z.input<typeof datasetInputSchema>;

export interface DatasetResult {
  readonly run: string;
  /** Rows of `sft.jsonl`: those of the train split. */
  readonly rows: number;
  /** Executions of the score matrix. */
  readonly cells: number;
  /** Executions of the full matrix that its race left out (`selection.race`). */
  readonly racedOut?: number;
  /** Further executions that leading programs got (`selection.leaders`). */
  readonly leaderCells?: number;
  /** Queries that no final program solved. */
  readonly dropped: number;
  /** Queries of the input that were not executed: without a gold, or with another gold for the same text. Absent: none. */
  readonly unusable?: DatasetPlan['unusable'];
  /** Queries whose executions a spent budget left undone (`whenSpent: 'use'`). */
  readonly leftOut?: number;
  /** Blobs by file name (export-contract.ts). All but `run.json` are the same whenever the inputs and the recorded replies are. */
  readonly files: Readonly<Record<string, string>>;
  /** What was selected, per group. */
  readonly groups: readonly {
    readonly group: string;
    readonly queries: number;
    readonly program: string;
    readonly meanScore: number;
  }[];
  /** Blob: `SelectionReport`, for `masgpt dataset matrix view`. Absent in results of earlier releases. */
  readonly selectionReport?: string;
  readonly refinement: RefinementSums;
  /** Blobs of `FinalQuery` lines, in order (activities/dataset/selection.ts); absent in results of earlier releases. */
  readonly finals?: readonly string[];
  readonly usage: Usage;
  readonly simulated: boolean;
}

/** The score matrix that a dataset is chosen from. */
export interface DatasetPlan {
  /** Blob of the matrix `Plan`. */
  readonly plan: string;
  readonly cells: number;
  readonly queries: number;
  readonly simulated: boolean;
  /** Queries of the input that are not in it: no score can be had of them. Absent: none. */
  readonly unusable?: { readonly withoutGold: number; readonly conflicts: number };
  /** Queries that are not in it, since the matrix was stopped before they were complete, and what stopped it. */
  readonly leftOut?: { readonly queries: number; readonly cause: string };
  /** Its cells are those that a race asked for, out of so many of the full matrix. */
  readonly raced?: { readonly of: number };
}

export interface Selection {
  /** Blob of JSON lines, one per query that goes on: `SelectedQuery` of activities/dataset/selection.ts. */
  readonly selection: string;
  readonly queries: number;
  /** Queries of groups that no program solved. */
  readonly dropped: number;
  readonly groups: DatasetResult['groups'];
  /** Blob: `SelectionReport`. Absent in runs that an earlier release began. */
  readonly report?: string;
}

export interface EmbedResult {
  /** Blob of `groupsSchema`. */
  readonly groups: string;
  /** Of texts that had no recorded vector; their requests are no LLM calls. */
  readonly usage: Usage;
}

export interface RefineInput {
  readonly run: string;
  readonly plan: string;
  readonly selection: string;
  /** Lines [from, to) of the selection. */
  readonly from: number;
  readonly to: number;
  readonly refiner: string;
  readonly switches: DatasetInput['switches'];
  /** Absent in runs that an earlier release began. */
  readonly refinement?: Refinement;
  /** What a spent budget does; absent in runs that an earlier release began: the activity fails. */
  readonly whenSpent?: DatasetInput['whenSpent'];
  /** Row of `matrix_steering` that says whether and how fast the stretch goes on. */
  readonly steering?: string;
}

export interface RefineResult extends RefinementSums {
  /** Blob of JSON lines: `FinalQuery` of activities/dataset/selection.ts. Empty text with `heldBack` or `spent`. */
  readonly finals: string;
  /** No final program solves the query. */
  readonly dropped: number;
  /** What was newly spent. */
  readonly usage: Usage;
  /** Queries left undone because the run was paused: the stretch is begun once more. */
  readonly heldBack?: number;
  /** With `whenSpent: 'stop'`, where queries were left undone because a budget is spent: which level, and its figures. */
  readonly spent?: string;
}

export interface ExportInput {
  readonly run: string;
  readonly input: DatasetInput;
  readonly plan: DatasetPlan;
  readonly selection: Selection;
  readonly finals: readonly string[];
  readonly refinement: DatasetResult['refinement'];
  /** Queries dropped by selection and refinement. */
  readonly dropped: number;
}

export interface DatasetActivities {
  resolveDatasetInput(raw: unknown, identity: RunIdentity): Promise<ResolvedRun<DatasetInput>>;
  planDataset(run: string, input: DatasetInput): Promise<DatasetPlan>;
  /** Groups by what the queries say, of `groupBy: 'embedding'`. `run`: KIND/NAME, whose budget pays. Workers of earlier releases gave the blob alone. */
  embedQueries(plan: string, input: DatasetInput, run?: string): Promise<EmbedResult | string>;
  planLeaders(input: DatasetInput, leaders: LeadersInput): Promise<LeadersPlan>;
  /** Of `selection.race`; called once more after each round, until there is none. */
  planRace(input: DatasetInput, race: RaceInput): Promise<RacePlan>;
  /** The blob of `groupsSchema` for fewer queries. */
  regroupQueries(input: RegroupInput): Promise<string>;
  selectPrograms(plan: string, input: DatasetInput, more?: FurtherScores): Promise<Selection>;
  refineQueries(input: RefineInput): Promise<RefineResult>;
  exportDataset(input: ExportInput): Promise<Pick<DatasetResult, 'rows' | 'files'>>;
}

const retry = { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '30 s' } as const;
const storageWork = {
  startToCloseTimeout: '30 m',
  scheduleToCloseTimeout: '7 d',
  heartbeatTimeout: '1 m',
  retry,
} as const;

/** Schedule-to-start is unlimited: work waits for a worker. Attempts are unlimited: only infrastructure fails them. */
export const datasetActivityOptions = {
  planDataset: storageWork,
  /** The embedded model needs some ten minutes of one core for 12,000 queries; what is done is recorded. */
  embedQueries: {
    ...storageWork,
    startToCloseTimeout: '6 h',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  },
  planLeaders: storageWork,
  planRace: storageWork,
  regroupQueries: storageWork,
  selectPrograms: storageWork,
  refineQueries: {
    startToCloseTimeout: '6 h',
    scheduleToCloseTimeout: '60 d',
    heartbeatTimeout: '20 s',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry,
  },
  exportDataset: storageWork,
} as const satisfies Record<string, ActivityOptions>;
