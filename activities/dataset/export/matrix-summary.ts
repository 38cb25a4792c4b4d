/** One pass over the score matrix for everything that is made of it, by query: never the whole matrix in memory but for its rewards. */
import { setImmediate } from 'node:timers/promises';
import type { ExportOptions, SplitName } from '../../../workflows/dataset/export-contract.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import type { Plan } from '../../../workflows/matrix/contract.ts';
import { type MatrixCell, type MatrixParts, readMatrix } from './matrix-cells.ts';
import { preferenceRows, type RewardRow, rewardRow, type Sources, unpairedRows } from './matrix-files.ts';

export interface MatrixSummary {
  /** Lines of JSON by split. */
  readonly preferences: Readonly<Record<SplitName, string[]>>;
  readonly unpaired: Readonly<Record<SplitName, string[]>>;
  readonly rewards: readonly RewardRow[];
  /** By position of the query: the scores of its base program, one per repeat; absent for queries that were not selected. */
  readonly baseScores: ReadonlyMap<number, readonly number[]>;
}

export async function summariseMatrix(
  parts: MatrixParts,
  given: {
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
  },
): Promise<MatrixSummary> {
  const { plan, queries, options, seed, sources } = given;
  const { formats } = options;
  const preferences: Record<SplitName, string[]> = { train: [], validation: [], test: [] };
  const unpaired: Record<SplitName, string[]> = { train: [], validation: [], test: [] };
  const rewards: RewardRow[] = [];
  const baseScores = new Map<number, readonly number[]>();

  const take = (position: number, all: readonly MatrixCell[]): void => {
    const query = queries[position];
    if (!query) return;
    const split = given.splits[position] ?? 'train';
    const cells = all.filter(({ driver }) => driver === plan.drivers[0]);
    const base = cells.find(({ program }) => program.sha256 === given.bases.get(position));
    if (base) baseScores.set(position, base.scores);
    const contrast = { query, cells, options, seed, sources };
    const lines = (rows: readonly unknown[]): string[] => rows.map((row) => `${JSON.stringify(row)}\n`);
    if (formats.includes('preferences')) preferences[split].push(...lines(preferenceRows(contrast)));
    if (formats.includes('unpaired')) unpaired[split].push(...lines(unpairedRows(contrast)));
    if (formats.includes('rewards')) for (const cell of all) rewards.push(rewardRow(cell, query, split));
  };

  let open: { readonly query: number; readonly cells: MatrixCell[] } | undefined;
  for await (const cell of readMatrix(parts, given.planSha256)) {
    if (open?.query !== cell.query) {
      if (open) take(open.query, open.cells);
      open = { query: cell.query, cells: [] };
      await setImmediate();
    }
    open.cells.push(cell);
  }
  if (open) take(open.query, open.cells);
  return { preferences, unpaired, rewards, baseScores };
}
