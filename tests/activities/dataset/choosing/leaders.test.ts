/** Which cells further repeats are spent on, and that they find the best program more often. */
import { expect, it } from 'vitest';
import { leaders } from '../../../../activities/dataset/choosing/leaders.ts';
import { rankPrograms } from '../../../../activities/dataset/choosing/rank-programs.ts';
import {
  addOutcome,
  emptyTable,
  meansOf,
  type ScoreTable,
} from '../../../../activities/dataset/choosing/score-table.ts';
import { generateScores } from '../../../support/generated-scores.ts';

const ids = ['a', 'b', 'c', 'd'];

/** Program `p` is right on the first `right[p]` queries of each group. */
function tableOf(queries: number, right: (query: number) => readonly number[], perGroup: number): ScoreTable {
  const table = emptyTable(queries, ids.length, 3);
  for (let query = 0; query < queries; query++)
    for (const [program, count] of right(query).entries())
      addOutcome(table, query, program, 0, {
        ...{ score: query % perGroup < count ? 1 : 0, llmCalls: 1 },
        ...{ tokens: 10, costUsd: 0 },
      });
  return table;
}

it('the leading programs of each group, groups with the same ones together, halved each round', () => {
  const table = tableOf(30, (query) => (query < 20 ? [9, 8, 3, 1] : [1, 2, 8, 9]), 10);
  const groups = new Map(
    [0, 1, 2].map((group) => [`g${group}`, Array.from({ length: 10 }, (_, index) => group * 10 + index)]),
  );
  const settings = { count: 4, extraRepeats: 1, rounds: 2 };
  const given = { table, ids, groups, settings, repeats: 1 };
  expect(leaders({ ...given, round: 0 })).toMatchObject([{ programs: [0, 1, 2, 3], repeats: 2 }]);
  expect(leaders({ ...given, round: 1 })).toEqual([
    { queries: Array.from({ length: 20 }, (_, index) => index), programs: [0, 1], repeats: 3 },
    { queries: Array.from({ length: 10 }, (_, index) => 20 + index), programs: [2, 3], repeats: 3 },
  ]);
  expect(leaders({ ...given, round: 2 })).toEqual([]);
});

it('a group that none or one program solved has nothing to decide', () => {
  const table = tableOf(20, (query) => (query < 10 ? [0, 0, 0, 0] : [0, 5, 0, 0]), 10);
  const groups = new Map([
    ['none', [0, 1, 2]],
    ['one', [10, 11, 12]],
  ]);
  const settings = { count: 2, extraRepeats: 2, rounds: 1 };
  expect(leaders({ table, ids, groups, settings, repeats: 1, round: 0 })).toEqual([]);
});

it('two rounds lose less than the same executions spread over all programs', () => {
  const trials = 60;
  const members = Array.from({ length: 100 }, (_, query) => query);
  const loss = { leaders: 0, spread: 0 };
  for (let seed = 0; seed < trials; seed++) {
    // 44 x 2 spread evenly: 88 executions per query; 44 x 1 + 8 x 4 + 4 x 3 for leaders.
    const full = generateScores({ queries: 100, programs: 44, repeats: 8, seed });
    const best = Math.max(...full.truth);
    const lost = (table: ScoreTable): number => {
      const [first] = rankPrograms({ table, means: meansOf(table), members, ids: full.ids });
      return 100 * (best - (full.truth[first?.program ?? 0] ?? 0));
    };
    const partial = (repeatsOf: (program: number) => number): ScoreTable => {
      const table = emptyTable(100, 44, 8);
      for (const query of members)
        for (let program = 0; program < 44; program++)
          for (let repeat = 0; repeat < repeatsOf(program); repeat++) {
            const score = full.table.scores[(query * 44 + program) * 8 + repeat] as number;
            addOutcome(table, query, program, repeat, { score, llmCalls: 1, tokens: 1, costUsd: 0 });
          }
      return table;
    };
    loss.spread += lost(partial(() => 2)) / trials;
    const repeats = new Map<number, number>();
    let table = partial(() => 1);
    for (const round of [0, 1]) {
      const settings = { count: 8, extraRepeats: 3, rounds: 2 };
      const groups = new Map([['all', members]]);
      const [cells] = leaders({ table, ids: full.ids, groups, settings, repeats: 1, round });
      for (const program of cells?.programs ?? []) repeats.set(program, cells?.repeats ?? 1);
      table = partial((program) => repeats.get(program) ?? 1);
    }
    loss.leaders += lost(table) / trials;
  }
  expect(loss.leaders).toBeLessThan(loss.spread);
}, 120_000);
