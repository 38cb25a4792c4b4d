/**
 * Inter-consistency: queries that are alike get the same program, by the rule of the input over their group. The ablation
 * takes, per query, one of those that solved it: a seeded random one, or the one that cost least.
 */
import type { Selection } from '../../workflows/dataset/contract.ts';
import type { SelectionSettings } from '../../workflows/dataset/selection-contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import { type Chosen, chooseProgram } from './choosing/choose-program.ts';
import type { Standing } from './choosing/race-looks.ts';
import { type RankedProgram, rankPrograms } from './choosing/rank-programs.ts';
import { meansOf, observedOf, type ScoreTable, scoreAt } from './choosing/score-table.ts';
import { createRandom } from './random.ts';
import { isSolved, type SelectedQuery } from './selection.ts';

export interface ChooseInput {
  readonly table: ScoreTable;
  readonly programs: readonly ProgramRef[];
  /** Ids by position in the table: they seed the ablation's draws. */
  readonly queryIds: readonly string[];
  /** The queries of each group. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
  /** By group, of an adaptive matrix: a program that dropped out is never chosen. */
  readonly races?: ReadonlyMap<string, Standing> | undefined;
  readonly settings: SelectionSettings;
  readonly interConsistency: boolean;
  /** Of the ablation; default `random`. */
  readonly solver?: 'random' | 'cheapest';
  readonly seed: number;
}

/** One group's choice, with all that it was chosen from. */
export interface GroupChoice {
  readonly group: string;
  readonly members: readonly number[];
  /** Those of the members with at least one execution. */
  readonly observed: readonly number[];
  /** Those that can be chosen. */
  readonly ranked: readonly RankedProgram[];
  readonly chosen: Chosen | undefined;
  readonly race: Standing | undefined;
}

export interface Choice {
  readonly choices: readonly GroupChoice[];
  readonly groups: Selection['groups'];
  /** Without the queries for which no program can be chosen. */
  readonly selected: readonly SelectedQuery[];
}

export function choosePrograms(input: ChooseInput): Choice {
  const { table, programs, settings } = input;
  const ids = programs.map(({ id }) => id);
  const means = meansOf(table);
  const choices = [...input.groups].map(([group, members]): GroupChoice => {
    const race = input.races?.get(group);
    const ranked = rankPrograms({ table, means, members, ids, among: race?.racing });
    const { rule, cost } = settings;
    const chosen = chooseProgram({ ranked, means, members, programs: ids.length, rule, cost });
    return { group, members, observed: observedOf(means, ids.length, members), ranked, chosen, race };
  });
  return {
    choices,
    groups: choices.map(({ group, members, ranked, chosen }) => ({
      group,
      queries: members.length,
      program: chosen ? (ids[chosen.program] as string) : '',
      meanScore: ranked.find(({ program }) => program === chosen?.program)?.mean ?? 0,
    })),
    selected: choices.flatMap((choice) => selectedOf(choice, input, means)).toSorted(byQuery),
  };
}

function selectedOf(choice: GroupChoice, input: ChooseInput, means: Float64Array): SelectedQuery[] {
  const { interConsistency, programs } = input;
  return choice.members.flatMap((queryIndex): SelectedQuery[] => {
    const index = interConsistency ? choice.chosen?.program : anySolver(queryIndex, input, means);
    const base = index === undefined ? undefined : programs[index];
    if (index === undefined || !base) return [];
    const baseScore = scoreAt(means, programs.length, queryIndex, index);
    return [{ queryIndex, group: choice.group, base, baseScore }];
  });
}

function anySolver(
  query: number,
  { table, programs, queryIds, seed, solver }: ChooseInput,
  means: Float64Array,
): number | undefined {
  const solvers = programs.flatMap((_, program) =>
    isSolved(scoreAt(means, programs.length, query, program)) ? [program] : [],
  );
  if (solvers.length === 0) return undefined;
  if (solver === 'cheapest') {
    const costOf = (program: number): number => {
      const cell = query * programs.length + program;
      return (table.tokens[cell] as number) / (table.executed[cell] as number);
    };
    return solvers.reduce((least, other) => (costOf(other) < costOf(least) ? other : least));
  }
  return createRandom(`solver/${seed}/${queryIds[query]}`).pick(solvers);
}

function byQuery(a: SelectedQuery, b: SelectedQuery): number {
  return a.queryIndex - b.queryIndex;
}
