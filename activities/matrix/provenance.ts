/** Where a file of cells comes from, beside the file and outside of its digest: equal cells are equal bytes, whoever wrote them when. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { sha256Schema } from '../../workflows/shared/names.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import type { CellRow } from './cell-row.ts';

const shortText = z.string().max(200);

export const provenanceSchema = z.object({
  v: z.literal(1),
  /** Who exported it, in their own words; empty when they did not say. */
  site: shortText,
  /** masgpt-temporal's version. */
  release: shortText,
  exportedAt: z.iso.datetime(),
  /** KIND/NAME. */
  run: shortText,
  cells: z.number().int().nonnegative(),
  /** Over the rows, in the file's order. */
  cellsSha256: sha256Schema,
  fileSha256: sha256Schema,
  /** Cells that came to the exporting store from others. */
  origins: z
    .array(
      z.object({
        site: shortText,
        release: shortText,
        exportedAt: z.iso.datetime().nullable(),
        cells: z.number(),
      }),
    )
    .max(10_000),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** "matrix.parquet" -> "matrix.provenance.json". */
export function provenanceFileOf(file: string): string {
  return `${file.replace(/\.parquet$/, '')}.provenance.json`;
}

/** Digest of cells: the same for the same rows in the same order, however the file encodes them. */
export function createCellsDigest(): { add(row: CellRow): void; hex(): string } {
  const hash = createHash('sha256');
  return {
    add(row) {
      const filled = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
      hash.update(`${canonicalJson(Object.fromEntries(filled))}\n`);
    },
    hex: () => hash.digest('hex'),
  };
}
