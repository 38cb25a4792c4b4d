/** Writes the files of a dataset that hold one row per sample, by split. */
import type { DatasetInput } from '../../../workflows/dataset/contract.ts';
import { fileOfSplit, type SplitName } from '../../../workflows/dataset/export-contract.ts';
import { rewardColumns } from './matrix-files.ts';
import type { Columns } from './parquet.ts';
import type { Sample } from './sample.ts';
import { chatRow, completionRow, provenanceRow, sampleColumns, sampleRow } from './sample-files.ts';
import { splitsOf } from './write-matrix.ts';
import type { RowFile, WrittenFiles } from './written-files.ts';

/** Answers the rows of each split. */
export async function writeSampleFiles(
  written: WrittenFiles,
  samples: readonly Sample[],
  { export: options }: Pick<DatasetInput, 'export'>,
): Promise<Record<SplitName, number>> {
  const { formats } = options;
  const rowsOf = { train: 0, validation: 0, test: 0 };
  await using provenance = await written.lines('provenance.jsonl');
  for (const split of splitsOf(options)) {
    const own = samples.filter((sample) => sample.split === split);
    const name = (file: string): string => fileOfSplit(file, split);
    rowsOf[split] = own.length;
    await writeAll(await written.lines(name('sft.jsonl')), own, chatRow);
    if (formats.includes('parquet'))
      await writeAll(await written.table(name('sft.parquet'), sampleColumns), own, sampleRow);
    if (formats.includes('completions'))
      await writeAll(await written.lines(name('completions.jsonl')), own, completionRow);
    for (const [row, sample] of own.entries())
      await provenance.write(provenanceRow(sample, name('sft.jsonl'), row));
  }
  await provenance.finish();
  return rowsOf;
}

async function writeAll<R>(
  opened: RowFile<R>,
  samples: readonly Sample[],
  rowOf: (sample: Sample) => R,
): Promise<void> {
  await using file = opened;
  for (const sample of samples) await file.write(rowOf(sample));
  await file.finish();
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
