/**
 * More repeats for the programs that lead their group: successive halving (Jamieson and Talwalkar 2016) over repeats. Each
 * round the better half of the candidates gets further repeats on all of the group's queries; the rest keep what they have.
 */
import { rankPrograms } from './rank-programs.ts';
import type { Standing } from './race-looks.ts';
import { meansOf, type ScoreTable } from './score-table.ts';

export interface LeaderSettings {
  /** Programs per group that get more repeats in the first round. */
  readonly count: number;
  /** Repeats that each round adds. */
  readonly extraRepeats: number;
  /** Each round halves the candidates. */
  readonly rounds: number;
}

/** The cells of these queries and programs, up to `repeats`: those below it are there already. */
export interface LeaderCells {
  readonly queries: readonly number[];
  readonly programs: readonly number[];
  readonly repeats: number;
}

export interface LeaderOptions {
  readonly table: ScoreTable;
  readonly ids: readonly string[];
  /** The queries of each group. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
  readonly settings: LeaderSettings;
  /** By group: those that can be chosen; absent: all programs. */
  readonly races?: ReadonlyMap<string, Pick<Standing, 'racing'>> | undefined;
  /** Repeats that every cell has: those of the matrix. */
  readonly repeats: number;
  /** From 0. */
  readonly round: number;
}

/** Groups with the same candidates are together, in the order of their first query. Empty when there is nothing to decide. */
export function leaders(options: LeaderOptions): LeaderCells[] {
  const { table, ids, groups, settings, round } = options;
  const means = meansOf(table);
  const count = Math.max(1, Math.floor(settings.count / 2 ** round));
  if (count < 2) return [];
  const repeats = options.repeats + settings.extraRepeats * (round + 1);
  const byPrograms = new Map<string, { queries: number[]; programs: number[] }>();
  for (const [group, members] of groups) {
    const among = options.races?.get(group)?.racing;
    const ranked = rankPrograms({ table, means, members, ids, among });
    // Later rounds choose among those that have the repeats of the round before.
    const most = Math.max(...ranked.map(({ executions }) => executions));
    const candidates = round === 0 ? ranked : ranked.filter(({ executions }) => executions === most);
    const leading = candidates.filter(({ mean }) => mean > 0).slice(0, count);
    if (leading.length < 2) continue;
    const programs = leading.map(({ program }) => program).toSorted((a, b) => a - b);
    const key = programs.join(' ');
    const known = byPrograms.get(key);
    if (known) known.queries.push(...members);
    else byPrograms.set(key, { queries: [...members], programs });
  }
  return [...byPrograms.values()].map(({ queries, programs }) => ({
    queries: queries.toSorted((a, b) => a - b),
    ...{ programs, repeats },
  }));
}
