/** Writes the data files of a dataset: those of its samples and those of its score matrix, by split. */
import type { DatasetInput } from '../../../workflows/dataset/contract.ts';
import { fileOfSplit, type SplitName, splitNames } from '../../../workflows/dataset/export-contract.ts';
import { rewardColumns, rewardsParquet, type Sources } from './matrix-files.ts';
import type { MatrixSummary } from './matrix-summary.ts';
import type { Columns } from './parquet.ts';
import { type Sample, wellFormed } from './sample.ts';
import {
  chatRow,
  completionRow,
  jsonLines,
  provenanceRow,
  sampleColumns,
  sampleParquet,
} from './sample-files.ts';
import type { WrittenFiles } from './written-files.ts';

/** Answers the rows of each split. */
export async function writeSampleFiles(
  written: WrittenFiles,
  samples: readonly Sample[],
  { export: { formats, splits } }: DatasetInput,
): Promise<Record<SplitName, number>> {
  const rowsOf = { train: 0, validation: 0, test: 0 };
  const provenance: unknown[] = [];
  for (const split of splitNames) {
    // A split that nobody asked for has no files; the train split always has.
    if (split !== 'train' && splits[split] === 0) continue;
    const own = samples.filter((sample) => sample.split === split);
    const put = (file: string, data: string | Uint8Array): Promise<string> =>
      written.put(fileOfSplit(file, split), data, own.length);
    rowsOf[split] = own.length;
    await put('sft.jsonl', jsonLines(own.map(chatRow)));
    if (formats.includes('parquet')) await put('sft.parquet', sampleParquet(own));
    if (formats.includes('completions')) await put('completions.jsonl', jsonLines(own.map(completionRow)));
    const file = fileOfSplit('sft.jsonl', split);
    provenance.push(...own.map((sample, row) => provenanceRow(sample, file, row)));
  }
  await written.put('provenance.jsonl', jsonLines(provenance), provenance.length);
  return rowsOf;
}

export async function writeMatrixFiles(
  written: WrittenFiles,
  matrix: MatrixSummary,
  { export: { formats, splits } }: DatasetInput,
  sources: Sources,
): Promise<void> {
  for (const format of ['preferences', 'unpaired'] as const) {
    if (!formats.includes(format)) continue;
    for (const split of splitNames) {
      if (split !== 'train' && splits[split] === 0) continue;
      const lines = matrix[format][split];
      await written.put(fileOfSplit(`${format}.jsonl`, split), lines.join(''), lines.length);
    }
  }
  if (!formats.includes('rewards')) return;
  await written.put('rewards.parquet', rewardsParquet(matrix.rewards), matrix.rewards.length);
  const programs = [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows = programs.map(([sha256, source]) => ({ sha256, source: wellFormed(source) }));
  await written.put('programs.jsonl', jsonLines(rows), rows.length);
}

/** The columns of the parquet files that there are. */
export function tablesOf(files: WrittenFiles['files']): Record<string, Columns> {
  const parquet = Object.keys(files).filter((file) => file.endsWith('.parquet'));
  return Object.fromEntries(
    parquet.map((file): [string, Columns] => [
      file,
      file === 'rewards.parquet' ? rewardColumns : sampleColumns,
    ]),
  );
}
