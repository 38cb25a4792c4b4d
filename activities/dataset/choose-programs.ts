/**
 * Inter-consistency: queries that are alike get the same program, the one with the highest score over their group. Ties:
 * fewer agent calls, then the program's id. The ablation takes, per query, a seeded random one of those that solved it.
 */
import type { Selection } from '../../workflows/dataset/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import { createRandom } from './random.ts';
import { isSolved, type SelectedQuery } from './selection.ts';

/** One query on one program. */
export interface Score {
  /** Over all repeats: sums of whole scores are exact, so that equal programs tie. */
  readonly sum: number;
  readonly llmCalls: number;
}

export interface ScoredQuery {
  /** Position in the plan. */
  readonly queryIndex: number;
  readonly queryId: string;
  readonly group: string;
  /** By position of the program. */
  readonly scores: readonly Score[];
}

export interface Choice {
  readonly groups: Selection['groups'];
  /** Without the queries for which no program can be chosen. */
  readonly selected: readonly SelectedQuery[];
}

export function choosePrograms(
  queries: readonly ScoredQuery[],
  programs: readonly ProgramRef[],
  options: { readonly repeats: number; readonly interConsistency: boolean; readonly seed: number },
): Choice {
  const { repeats, interConsistency, seed } = options;
  const byGroup = new Map<string, ScoredQuery[]>();
  for (const query of queries) {
    const members = byGroup.get(query.group);
    if (members) members.push(query);
    else byGroup.set(query.group, [query]);
  }
  const best = new Map([...byGroup].map(([group, members]) => [group, bestOf(members, programs)]));
  const selected = queries.flatMap((query): SelectedQuery[] => {
    const { queryIndex, group, scores } = query;
    const index = interConsistency ? best.get(group)?.index : anySolver(query, repeats, seed);
    const base = index === undefined ? undefined : programs[index];
    if (index === undefined || !base) return [];
    return [{ queryIndex, group, base, baseScore: (scores[index]?.sum ?? 0) / repeats }];
  });
  const groups = [...byGroup].map(([group, members]) => {
    const winner = best.get(group);
    const program = winner === undefined ? '' : (programs[winner.index]?.id ?? '');
    const meanScore = winner === undefined ? 0 : winner.sum / (members.length * repeats);
    return { group, queries: members.length, program, meanScore };
  });
  return { groups, selected };
}

/** Undefined when no program scored on any member. */
function bestOf(members: readonly ScoredQuery[], programs: readonly ProgramRef[]) {
  const ranked = programs.map(({ id }, index) => {
    const total = (of: keyof Score): number =>
      members.reduce((sum, { scores }) => sum + (scores[index]?.[of] ?? 0), 0);
    return { id, index, sum: total('sum'), llmCalls: total('llmCalls') };
  });
  const [first] = ranked.toSorted(
    (a, b) => b.sum - a.sum || a.llmCalls - b.llmCalls || (a.id < b.id ? -1 : 1),
  );
  return first && first.sum > 0 ? first : undefined;
}

function anySolver({ scores, queryId }: ScoredQuery, repeats: number, seed: number): number | undefined {
  const solvers = scores.flatMap(({ sum }, index) => (isSolved(sum / repeats) ? [index] : []));
  if (solvers.length === 0) return undefined;
  return createRandom(`solver/${seed}/${queryId}`).pick(solvers);
}
