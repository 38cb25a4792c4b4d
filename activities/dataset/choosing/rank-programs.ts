/**
 * A group's programs from best to worst: by mean score over its queries (each query counts once, whatever its repeats), then
 * fewer agent calls, then the program's id. Errors are those of means over independent queries.
 */
import { type Interval, wilson } from '../../benchmarks/stats/wilson.ts';
import { observedOf, type ScoreTable, scoreAt } from './score-table.ts';

export interface RankedProgram {
  /** Position in the plan. */
  readonly program: number;
  readonly mean: number;
  /** Of the mean, over queries; null below two queries. */
  readonly standardError: number | null;
  /** Executions it rests on. */
  readonly executions: number;
  /** Per execution; infinite without one. */
  readonly llmCalls: number;
  readonly tokens: number;
  readonly costUsd: number;
}

export interface RankOptions {
  readonly table: ScoreTable;
  /** `meansOf(table)`, or of some repeats. */
  readonly means: Float64Array;
  /** The group's queries. */
  readonly members: readonly number[];
  /** Of the programs, by position. */
  readonly ids: readonly string[];
  /** Positions of the programs that are ranked; default all. */
  readonly among?: readonly number[] | undefined;
}

export function rankPrograms({ table, means, ids, members, among }: RankOptions): RankedProgram[] {
  const observed = observedOf(means, table.programs, members);
  const sums = sumsOf(table, means, observed);
  const n = observed.length;
  const ranked = (among ?? [...ids.keys()]).map((program): RankedProgram => {
    const at = (of: keyof Sums): number => sums[of][program] as number;
    const executions = at('executions');
    const each = (sum: number): number => (executions === 0 ? Infinity : sum / executions);
    const mean = n === 0 ? 0 : at('score') / n;
    const variance = n < 2 ? 0 : Math.max(0, (at('squares') - n * mean ** 2) / (n - 1));
    return {
      ...{ program, mean, executions },
      standardError: n < 2 ? null : Math.sqrt(variance / n),
      llmCalls: each(at('llmCalls')),
      tokens: each(at('tokens')),
      costUsd: each(at('costUsd')),
    };
  });
  return ranked.toSorted(
    (a, b) =>
      comparable(b.mean) - comparable(a.mean) ||
      comparable(a.llmCalls) - comparable(b.llmCalls) ||
      ((ids[a.program] as string) < (ids[b.program] as string) ? -1 : 1),
  );
}

type Sums = Readonly<
  Record<'score' | 'squares' | 'executions' | 'llmCalls' | 'tokens' | 'costUsd', Float64Array>
>;

/** By program, over the queries. */
function sumsOf(table: ScoreTable, means: Float64Array, queries: readonly number[]): Sums {
  const { programs } = table;
  const fresh = (): Float64Array => new Float64Array(programs);
  const sums: Sums = {
    ...{ score: fresh(), squares: fresh(), executions: fresh() },
    ...{ llmCalls: fresh(), tokens: fresh(), costUsd: fresh() },
  };
  const { score, squares, executions, llmCalls, tokens, costUsd } = sums;
  for (const query of queries) {
    for (let program = 0; program < programs; program++) {
      const cell = query * programs + program;
      const own = scoreAt(means, programs, query, program);
      score[program] = (score[program] as number) + own;
      squares[program] = (squares[program] as number) + own * own;
      executions[program] = (executions[program] as number) + (table.executed[cell] as number);
      llmCalls[program] = (llmCalls[program] as number) + (table.llmCalls[cell] as number);
      tokens[program] = (tokens[program] as number) + (table.tokens[cell] as number);
      costUsd[program] = (costUsd[program] as number) + (table.costUsd[cell] as number);
    }
  }
  return sums;
}

/** Equal scores tie, however they are spread: 0.1 + 0.2 is not 0.3. */
function comparable(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 1e9) / 1e9 : Number.MAX_VALUE;
}

export interface MeanAndError {
  readonly mean: number;
  readonly standardError: number | null;
}

export function meanAndError(values: readonly number[]): MeanAndError {
  const n = values.length;
  if (n === 0) return { mean: 0, standardError: null };
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / n;
  if (n < 2) return { mean, standardError: null };
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * 95 %: Wilson's interval for as many independent queries as the standard error is worth (Korn and Graubard 1998), so that
 * it neither leaves 0 to 1 nor has no width when all scores are equal.
 */
export function intervalOf({ mean, standardError }: MeanAndError, queries: number): Interval {
  if (queries === 0) return { low: 0, high: 1 };
  const variance = mean * (1 - mean);
  const worth = standardError && variance > 1e-12 ? variance / standardError ** 2 : queries;
  const n = Math.max(1, worth);
  return wilson(mean * n, n);
}
