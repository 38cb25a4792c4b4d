/**
 * The adaptive matrix's decision, per group: which programs go on to the next queries. A program drops out when the upper
 * bound of what it can still lead by, over all of the group's queries, is below the tolerance. Bounds hold for all programs
 * and looks of a race together (Bonferroni); a drop is never by calls alone.
 */
import { type Race, raceDefaults } from '../../../workflows/dataset/selection-contract.ts';
import { scoreAt } from './score-table.ts';

export interface RaceState {
  /** [query][program]; NaN where a program was not executed. */
  readonly means: Float64Array;
  readonly programs: number;
  /** The group's queries that are executed for all who go on, in the race's order. */
  readonly seen: readonly number[];
  /** Queries of the group. */
  readonly all: number;
  /** Positions of those who go on. */
  readonly racing: readonly number[];
}

/** Positions of the programs that go on; never empty. */
export function survivors(state: RaceState, settings: Partial<Race> = {}): readonly number[] {
  const { alpha, tolerance, looks, leastQueries } = { ...raceDefaults, ...settings };
  const { means, programs, seen, all, racing } = state;
  const n = seen.length;
  if (n < leastQueries || racing.length < 2) return racing;
  const total = (program: number): number =>
    seen.reduce((sum, query) => sum + scoreAt(means, programs, query, program), 0);
  const [leader] = racing
    .map((program) => ({ program, sum: total(program) }))
    .toSorted((a, b) => b.sum - a.sum || a.program - b.program);
  if (leader === undefined) return racing;
  // One-sided, for every program at every look.
  const z = normalQuantile(1 - alpha / (looks * Math.max(1, programs - 1)));
  return racing.filter((program) => {
    if (program === leader.program) return true;
    let sum = 0;
    let squares = 0;
    for (const query of seen) {
      const lead = scoreAt(means, programs, query, program) - scoreAt(means, programs, query, leader.program);
      sum += lead;
      squares += lead * lead;
    }
    const mean = sum / n;
    // One further query that differs, so that a streak of equal scores is not taken for certainty.
    const variance = Math.max(0, squares / n - mean ** 2) + 1 / n;
    // What is not seen yet is all that is uncertain: the group is finite.
    const unseen = all <= 1 ? 0 : (all - n) / (all - 1);
    return mean + z * Math.sqrt((variance / n) * unseen) >= tolerance;
  });
}

/** Of the standard normal: bisection of its distribution, exact to 1e-9. */
function normalQuantile(p: number): number {
  let [low, high] = [0, 40];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > 1 - p) low = middle;
    else high = middle;
  }
  return low;
}

/** 1 - Phi(x) for x >= 0, by the continued fraction of Laplace, or the series near 0. */
function upperTail(x: number): number {
  const density = Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 60; k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / fraction;
  return density / fraction;
}
