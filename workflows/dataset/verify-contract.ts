/** verifyDataset: rows of a finished dataset are executed again on fresh draws. Workflow id: verification/NAME. */
import { z } from 'zod';
import { nameSchema } from '../shared/names.ts';
import { type ResolvedRun, runFields, type RunIdentity } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';
import { datasetActivityOptions } from './contract.ts';

export const verifyDatasetType = 'verifyDataset';

export const verifyInputSchema = z.strictObject({
  /** Name of a finished dataset's run. */
  dataset: nameSchema,
  /** A random sample of so many, or all where there are fewer. */
  rows: z.number().int().positive().max(1_000_000).default(100),
  /** `seed` decides the sample and the draws, which are never those of the dataset. */
  ...runFields,
});
export type VerifyInput = z.infer<typeof verifyInputSchema>;
export type VerifyRequest = z.input<typeof verifyInputSchema>;

/** As it was when the verification began. */
export type ResolvedVerifyInput = VerifyInput & {
  /** Blobs of the dataset's files. */
  readonly manifest: string;
  readonly provenance: string;
};

export interface VerifySample {
  /** Blob of JSON lines, one per sampled row. */
  readonly sample: string;
  readonly rows: number;
  /** Blob of the dataset's matrix `Plan`. */
  readonly plan: string;
  /** Seed of the fresh draws. */
  readonly seed: number;
  readonly simulated: boolean;
}

export interface VerifyBatch extends Pick<VerifySample, 'sample' | 'plan' | 'seed'> {
  readonly run: string;
  /** Lines [from, to) of the sample. */
  readonly from: number;
  readonly to: number;
}

export interface VerifyBatchResult {
  /** Blob of JSON lines: what became of each row. */
  readonly outcomes: string;
  readonly solved: number;
  /** What was newly spent. */
  readonly usage: Usage;
}

export interface Rate {
  readonly rows: number;
  readonly solved: number;
  /** 0 to 1. */
  readonly rate: number;
  /** 95 %, Wilson. */
  readonly interval: { readonly low: number; readonly high: number };
}

export interface Verification extends Rate {
  readonly dataset: string;
  /** The dataset's expected label precision, if it has one. */
  readonly expected: {
    readonly estimate: number;
    readonly interval: { readonly low: number; readonly high: number };
  } | null;
  /** Rows with an adapted program, and with the base program. */
  readonly adapted: Rate;
  readonly base: Rate;
  /** By group of the selection. */
  readonly groups: readonly (Rate & { readonly group: string })[];
  /** Why executions ended without an answer; `wrong` for answers that were not right. */
  readonly failures: Readonly<Record<string, number>>;
  /** Blob of JSON lines: what became of each row. */
  readonly outcomes: string;
}

export interface VerifyResult extends Verification {
  readonly run: string;
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface VerifyActivities {
  resolveVerifyInput(raw: unknown, identity: RunIdentity): Promise<ResolvedRun<ResolvedVerifyInput>>;
  sampleRows(input: ResolvedVerifyInput): Promise<VerifySample>;
  verifyRows(batch: VerifyBatch): Promise<VerifyBatchResult>;
  summariseVerification(input: ResolvedVerifyInput, outcomes: readonly string[]): Promise<Verification>;
}

export const verifyActivityOptions = {
  sampleRows: datasetActivityOptions.planDataset,
  verifyRows: datasetActivityOptions.refineQueries,
  summariseVerification: datasetActivityOptions.planDataset,
} as const;
