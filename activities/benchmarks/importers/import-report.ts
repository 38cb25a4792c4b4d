/**
 * Where imported queries come from: one small JSON blob per import, beside the blob of its queries. It names files without the
 * directories of the machine, and quotes at most a line of what it rejects.
 */
import { z } from 'zod';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * Where a row stands. `file`: name as in the report's files. `line` counts from 1: the line of a text file, the element of a JSON
 * array, the row of a parquet file.
 */
export const rowPlaceSchema = z.object({ file: z.string(), line: z.int().positive() });
export type RowPlace = z.infer<typeof rowPlaceSchema>;

/** A row that did not become a query, and why: malformed, a duplicate, in conflict, or with tests that do not compile. */
export const rejectedRowSchema = rowPlaceSchema.extend({ reason: z.string() });
export type RejectedRow = z.infer<typeof rejectedRowSchema>;

/** The same query text with different golds: none of these rows is kept. */
export const importConflictSchema = z.object({
  /** The beginning of the query, on one line. */
  text: z.string(),
  /** Two or more; `gold` is its beginning as JSON. */
  rows: z.array(rowPlaceSchema.extend({ gold: z.string() })).min(2),
});
export type ImportConflict = z.infer<typeof importConflictSchema>;

export const importedFileSchema = z.object({
  /** Its name, or its path below the directory or the hub dataset that was imported. */
  name: z.string(),
  sha256: sha256Schema,
  bytes: z.int().nonnegative(),
  /** As its content shows: "parquet", "csv.gz". */
  format: z.string(),
  /** Read from it: kept, rejected, duplicates and conflicts. */
  rows: z.int().nonnegative(),
});
export type ImportedFile = z.infer<typeof importedFileSchema>;

/** A dataset of a hub, at one commit. */
export const hubOriginSchema = z.object({
  /** Without the dataset's path: "https://huggingface.co". */
  endpoint: z.string(),
  /** "OWNER/NAME". */
  dataset: z.string(),
  /** As it was asked for: a branch, a tag or a commit. */
  asked: z.string(),
  /** The commit that it meant: what was downloaded. */
  revision: z.string(),
});
export type HubOrigin = z.infer<typeof hubOriginSchema>;

export const importReportSchema = z.object({
  v: z.literal(1),
  /** Registry name of the benchmark, its entry's version and licence when it was imported. */
  source: z.string(),
  version: z.string(),
  licence: z.string(),
  /** Blob of `Query` lines, in the order of the files; `count` lines. */
  queries: z.object({ sha256: sha256Schema, count: z.int().nonnegative() }),
  files: z.array(importedFileSchema),
  /** Absent for files of this machine. */
  hub: hubOriginSchema.optional(),
  /** Of all files: rows = queries + rejected. */
  rows: z.int().nonnegative(),
  /** Duplicates and rows in conflict among them; `listed` holds the first 1,000. */
  rejected: z.object({ count: z.int().nonnegative(), listed: z.array(rejectedRowSchema) }),
  /** Rows that repeat an earlier row, gold and all; the first is kept. */
  duplicates: z.int().nonnegative(),
  /** `rows`: left out through conflicts; `listed` holds the first 200 conflicts. */
  conflicts: z.object({
    count: z.int().nonnegative(),
    rows: z.int().nonnegative(),
    listed: z.array(importConflictSchema),
  }),
});
export type ImportReport = z.infer<typeof importReportSchema>;

export const maxListedRejected = 1_000;
export const maxListedConflicts = 200;
