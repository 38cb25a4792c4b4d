/** What a dataset is written as: its files, splits, samples of the matrix, and what a publication adds. The names of files are fixed here. */
import { z } from 'zod';
import { nameSchema } from '../shared/names.ts';

/**
 * `parquet`: the chat rows with where each comes from. `completions`: prompt and completion apart. `preferences`: pairs of the matrix.
 * `unpaired`: good and bad rows of the matrix. `rewards`: every cell of the matrix, and the sources of all programs.
 */
export const exportFormats = ['parquet', 'completions', 'preferences', 'unpaired', 'rewards'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const splitNames = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof splitNames)[number];

/** Above the largest share of a split, less is left to train on than to measure with. */
const shareSchema = z.number().min(0).max(0.45);

export const exportSchema = z.strictObject({
  /** Besides what is always written: `sft.jsonl`, `provenance.jsonl`, `card.md`, `croissant.json`, `manifest.json`, `run.json`. */
  formats: z.array(z.enum(exportFormats)).max(16).default(['parquet', 'completions', 'rewards']),
  /** Shares of the queries; the rest is the train split. */
  splits: z
    .strictObject({
      validation: shareSchema.default(0),
      test: shareSchema.default(0),
      /**
       * What never stands in two splits: near-duplicate queries; with `group` also the queries of a group of the selection; with
       * `program` also the rows of one final program.
       */
      apart: z.enum(['cluster', 'group', 'program']).default('cluster'),
    })
    .prefault({}),
  /** Of a query: at most so many pairs, each of two programs that no other pair of the query has. */
  pairsPerQuery: z.number().int().positive().max(64).default(2),
  /** Between the mean scores of a pair's programs; the chosen one also solves the query, the rejected one does not. */
  leastScoreGap: z.number().min(0.01).max(1).default(0.5),
  /** Of a query: at most so many good rows, and as many bad ones. */
  unpairedPerQuery: z.number().int().positive().max(64).default(2),
  /** Name in the config's `tokenizers`: lengths are counted in its tokens. Without it, in bytes and words. */
  tokenizer: nameSchema.optional(),
  /** What hubs ask for and nobody but the publisher knows; without it croissant.json lacks three required properties. */
  publication: z
    .strictObject({
      date: z.iso.date(),
      url: z.url({ protocol: /^https?$/ }).max(2_000),
      creator: z.string().min(1).max(200),
    })
    .optional(),
});
export type ExportOptions = z.infer<typeof exportSchema>;

export const alwaysWritten = [
  'sft.jsonl',
  'provenance.jsonl',
  'card.md',
  'croissant.json',
  'manifest.json',
  'run.json',
] as const;

/** A split other than train has its name before the extension: `sft.validation.jsonl`. */
export const formatFiles: Readonly<Record<ExportFormat, readonly string[]>> = {
  parquet: ['sft.parquet'],
  completions: ['completions.jsonl'],
  preferences: ['preferences.jsonl'],
  unpaired: ['unpaired.jsonl'],
  rewards: ['rewards.parquet', 'programs.jsonl'],
};

/** Those that each split has one of. */
export const splitFiles = [
  'sft.jsonl',
  'sft.parquet',
  'completions.jsonl',
  'preferences.jsonl',
  'unpaired.jsonl',
] as const;

/** `sft.jsonl` of the train split, `sft.validation.jsonl` of another. */
export function fileOfSplit(file: string, split: SplitName): string {
  return split === 'train' ? file : file.replace('.', `.${split}.`);
}

/** Every name that a file of a dataset can have. */
export const exportFileNames: readonly string[] = [
  ...new Set([
    ...alwaysWritten,
    ...Object.values(formatFiles).flat(),
    ...splitFiles.flatMap((file) => splitNames.map((split) => fileOfSplit(file, split))),
  ]),
];
