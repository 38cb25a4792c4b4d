/** Writes the files that are made of the score matrix in one pass over it, by query: no more than a query's cells are in memory. */
import { setImmediate } from 'node:timers/promises';
import {
  type ExportOptions,
  fileOfSplit,
  type SplitName,
  splitNames,
} from '../../../workflows/dataset/export-contract.ts';
import type { Plan } from '../../../workflows/matrix/contract.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { type MatrixCell, type MatrixParts, readMatrix } from './matrix-cells.ts';
import { preferenceRows, rewardColumns, rewardRow, type Sources, unpairedRows } from './matrix-files.ts';
import { wellFormed } from './sample.ts';
import type { RowFile, WrittenFiles } from './written-files.ts';

export interface GivenMatrix {
  readonly planSha256: string;
  readonly plan: Plan;
  readonly queries: readonly Query[];
  /** By position of the query. */
  readonly splits: readonly SplitName[];
  /** sha256 of the base program, by position of the query. */
  readonly bases: ReadonlyMap<number, string>;
  readonly options: ExportOptions;
  readonly seed: number;
  readonly sources: Sources;
}

/** By position of the query: the scores of its base program, one per repeat; absent for queries that were not selected. */
export type BaseScores = ReadonlyMap<number, readonly number[]>;

/** Writes the formats that are asked for among preferences, unpaired rows and rewards. */
export async function writeMatrix(
  parts: MatrixParts,
  written: WrittenFiles,
  given: GivenMatrix,
): Promise<BaseScores> {
  const { plan, queries, options, seed, sources } = given;
  const { formats } = options;
  const opened: RowFile<never>[] = [];
  const opening = async <R>(file: Promise<RowFile<R>>): Promise<RowFile<R>> => {
    opened.push(await file);
    return await file;
  };
  const bySplit = async (format: 'preferences' | 'unpaired') => {
    const files = new Map<SplitName, RowFile<unknown>>();
    for (const split of formats.includes(format) ? splitsOf(options) : [])
      files.set(split, await opening(written.lines(fileOfSplit(`${format}.jsonl`, split))));
    return files;
  };
  try {
    const preferences = await bySplit('preferences');
    const unpaired = await bySplit('unpaired');
    const rewards = formats.includes('rewards')
      ? await opening(written.table('rewards.parquet', rewardColumns))
      : undefined;
    const baseScores = new Map<number, readonly number[]>();
    for await (const [position, all] of byQuery(readMatrix(parts, given.planSha256))) {
      const query = queries[position];
      if (!query) continue;
      const split = given.splits[position] ?? 'train';
      const cells = all.filter(({ driver }) => driver === plan.drivers[0]);
      const base = cells.find(({ program }) => program.sha256 === given.bases.get(position));
      if (base) baseScores.set(position, base.scores);
      const contrast = { query, cells, options, seed, sources };
      const pairs = preferences.get(split);
      if (pairs) for (const row of preferenceRows(contrast)) await pairs.write(row);
      const labelled = unpaired.get(split);
      if (labelled) for (const row of unpairedRows(contrast)) await labelled.write(row);
      if (rewards) for (const cell of all) await rewards.write(rewardRow(cell, query, split));
      await setImmediate();
    }
    for (const file of opened) await file.finish();
    if (rewards) await writePrograms(written, sources);
    return baseScores;
  } finally {
    for (const file of opened) await file[Symbol.asyncDispose]();
  }
}

/** A split that nobody asked for has no files; the train split always has. */
export function splitsOf({ splits }: Pick<ExportOptions, 'splits'>): SplitName[] {
  return splitNames.filter((split) => split === 'train' || splits[split] > 0);
}

/** Cells of a query come together. */
async function* byQuery(
  cells: AsyncIterable<MatrixCell>,
): AsyncGenerator<readonly [position: number, cells: readonly MatrixCell[]]> {
  let open: MatrixCell[] = [];
  for await (const cell of cells) {
    const [first] = open;
    if (first && first.query !== cell.query) {
      yield [first.query, open];
      open = [];
    }
    open.push(cell);
  }
  const [first] = open;
  if (first) yield [first.query, open];
}

async function writePrograms(written: WrittenFiles, sources: Sources): Promise<void> {
  await using file = await written.lines('programs.jsonl');
  for (const [sha256, source] of [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    await file.write({ sha256, source: wellFormed(source) });
  await file.finish();
}
