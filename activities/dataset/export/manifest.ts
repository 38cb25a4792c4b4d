/** `manifest.json`: digests and sizes of all files but itself and run.json, and what the dataset was made of and by. */
import { z } from 'zod';
import { sha256Schema } from '../../../workflows/shared/names.ts';

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

export const manifestSchema = z.object({
  v: z.literal(2),
  /** Of the content: the same dataset has the same name. */
  name: z.string().max(200),
  simulated: z.boolean(),
  /** Rows of `sft.jsonl`. */
  rows: count,
  splits: z.object({ train: count, validation: count, test: count }),
  files: z.record(
    z.string().max(64),
    z.object({ sha256: sha256Schema, bytes: count, rows: count.nullable() }),
  ),
  /** Blobs of the store in which it was built. */
  plan: sha256Schema,
  selection: sha256Schema,
  queries: count,
  dropped: count,
  sources: z.array(z.object({ source: z.string(), licence: z.string(), queries: count })).max(10_000),
  models: z
    .array(z.object({ role: z.string(), model: z.string(), revision: z.string(), simulated: z.boolean() }))
    .max(100),
  /** Short sha256 by prompt. */
  prompts: z.record(z.string(), z.string()),
  /** The resolved input without names and ceilings. */
  settings: z.record(z.string(), z.unknown()),
  labelPrecision: z.object({
    estimate: share.nullable(),
    interval: z.object({ low: share, high: share }).nullable(),
    queries: count,
  }),
});
export type Manifest = z.infer<typeof manifestSchema>;
