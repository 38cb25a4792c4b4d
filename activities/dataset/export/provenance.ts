/** A line of `provenance.jsonl`, as those who read one parse it: the product's own, or one from elsewhere. */
import { z } from 'zod';
import { nameSchema, sha256Schema } from '../../../workflows/shared/names.ts';

const text = z.string().max(4_096);
const score = z.number().min(0).max(1);

export const provenanceSchema = z.object({
  file: z.string().max(64),
  row: z.int().nonnegative(),
  split: z.enum(['train', 'validation', 'test']),
  query_id: z.string().regex(/^[0-9a-f]{32}$/),
  source: text,
  subject: text,
  group: text,
  base_program: nameSchema,
  base_sha256: sha256Schema,
  program_sha256: sha256Schema,
  adapted: z.boolean(),
  score,
  reasoning_sha256: sha256Schema,
});
export type Provenance = z.infer<typeof provenanceSchema>;
