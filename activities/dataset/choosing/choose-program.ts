/**
 * Which of a group's ranked programs its queries get. `best`: the first. `cheapestWithinOneError`: the cheapest of those that
 * lie below the first by no more than one standard error of the difference, query by query (after the rule of Breiman et al.
 * 1984). Undefined when no program scored on any member.
 */
import { meanAndError, type RankedProgram } from './rank-programs.ts';
import { observedOf, scoreAt } from './score-table.ts';

export type SelectionRule = 'best' | 'cheapestWithinOneError';

export interface Chosen {
  readonly program: number;
  /** `alone`: higher than all others. `tie`: an equal score, and fewer calls or the earlier name. `cheaper`: within one error. */
  readonly why: 'alone' | 'tie' | 'cheaper';
  /** Programs with the same score as the first, itself included. */
  readonly tied: number;
}

export interface ChooseOptions {
  readonly ranked: readonly RankedProgram[];
  readonly means: Float64Array;
  /** Of the table, ranked or not. */
  readonly programs: number;
  readonly members: readonly number[];
  readonly rule: SelectionRule;
  readonly cost: 'tokens' | 'costUsd';
}

export function chooseProgram(options: ChooseOptions): Chosen | undefined {
  const { ranked, rule, cost } = options;
  const [first] = ranked;
  if (first === undefined || first.mean <= 0) return undefined;
  const tied = ranked.filter(({ mean }) => first.mean - mean < 1e-9).length;
  if (rule === 'cheapestWithinOneError') {
    // Those near are in the order of the ranking, which decides between equal costs.
    const near = withinOneError(options);
    const cheapest = near.reduce((least, other) => (other[cost] < least[cost] ? other : least), first);
    if (cheapest !== first) return { program: cheapest.program, why: 'cheaper', tied };
  }
  return { program: first.program, why: tied > 1 ? 'tie' : 'alone', tied };
}

/** The first, and those that the data do not tell from it. */
export function withinOneError(options: Omit<ChooseOptions, 'rule' | 'cost'>): RankedProgram[] {
  const { ranked } = options;
  const [first] = ranked;
  if (first === undefined) return [];
  return ranked.filter((other) => other === first || isWithinOneError(first, other, options));
}

function isWithinOneError(
  first: RankedProgram,
  other: RankedProgram,
  { means, members, programs }: Omit<ChooseOptions, 'rule' | 'cost'>,
): boolean {
  if (other.mean <= 0) return false;
  const differences = observedOf(means, programs, members).map(
    (query) =>
      scoreAt(means, programs, query, first.program) - scoreAt(means, programs, query, other.program),
  );
  const { mean, standardError } = meanAndError(differences);
  return mean <= (standardError ?? 0) + 1e-9;
}
