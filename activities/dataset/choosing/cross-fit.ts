/**
 * What a group's chosen program is worth on draws that did not choose it. One half of the repeats, or of the queries, chooses
 * by the rule, the other half is scored, both ways, averaged. A score that also chose is too high (the winner's curse).
 */
import { createRandom } from '../random.ts';
import { chooseProgram, type SelectionRule } from './choose-program.ts';
import { type MeanAndError, meanAndError, rankPrograms } from './rank-programs.ts';
import { meansOf, observedOf, type ScoreTable, scoreAt } from './score-table.ts';

export type CrossFit = 'off' | 'repeats' | 'queries';

export interface CrossFitter {
  /** `among`: the programs that can be chosen; default all. Null where a half would be empty. The error is over queries, as one cluster of repeats each. */
  estimate(group: string, members: readonly number[], among?: readonly number[]): MeanAndError | null;
}

export interface CrossFitOptions {
  readonly table: ScoreTable;
  /** Of the programs, by position. */
  readonly ids: readonly string[];
  readonly by: 'repeats' | 'queries';
  readonly rule: SelectionRule;
  readonly cost: 'tokens' | 'costUsd';
  readonly seed: number;
}

/** Halves of queries are drawn anew so many times: the estimate then hangs less on one split. */
const splits = 8;

export function createCrossFitter(options: CrossFitOptions): CrossFitter {
  return options.by === 'repeats' ? byRepeats(options) : byQueries(options);
}

function byRepeats(options: CrossFitOptions): CrossFitter {
  const { table } = options;
  const even = meansOf(table, (repeat) => repeat % 2 === 0);
  const odd = meansOf(table, (repeat) => repeat % 2 === 1);
  return {
    estimate(_group, members, among) {
      const both = observedOf(odd, table.programs, observedOf(even, table.programs, members));
      if (both.length === 0) return null;
      const sides = [
        { choose: even, score: odd },
        { choose: odd, score: even },
      ].map(({ choose, score }) => {
        const program = chosenBy(options, choose, both, among);
        return both.map((query) => worth(score, table.programs, query, program));
      });
      return meanAndError(both.map((_, index) => ((sides[0]?.[index] ?? 0) + (sides[1]?.[index] ?? 0)) / 2));
    },
  };
}

function byQueries(options: CrossFitOptions): CrossFitter {
  const { table, seed } = options;
  const means = meansOf(table);
  return {
    estimate(group, all, among) {
      const members = observedOf(means, table.programs, all);
      if (members.length < 2) return null;
      const sums = new Map(members.map((query) => [query, 0]));
      for (let split = 0; split < splits; split++) {
        const order = createRandom(`cross-fit/${seed}/${group}/${split}`).shuffle(members);
        const half = Math.floor(order.length / 2);
        const halves = [order.slice(0, half), order.slice(half)] as const;
        for (const [choose, score] of [halves, [halves[1], halves[0]]] as const) {
          const program = chosenBy(options, means, choose, among);
          for (const query of score)
            sums.set(query, (sums.get(query) ?? 0) + worth(means, table.programs, query, program) / splits);
        }
      }
      return meanAndError([...sums.values()]);
    },
  };
}

function chosenBy(
  { table, ids, rule, cost }: CrossFitOptions,
  means: Float64Array,
  members: readonly number[],
  among: readonly number[] | undefined,
): number | undefined {
  const ranked = rankPrograms({ table, means, members, ids, among });
  return chooseProgram({ ranked, means, members, programs: table.programs, rule, cost })?.program;
}

/** No program was chosen: a dropped group's queries are worth nothing. */
function worth(means: Float64Array, programs: number, query: number, program: number | undefined): number {
  return program === undefined ? 0 : scoreAt(means, programs, query, program);
}
