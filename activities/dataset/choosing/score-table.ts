/** All scores of a matrix in typed arrays: 12,222 queries x 48 programs x 3 repeats are 30 MB. */
import { addUsd } from '../../../workflows/shared/usage.ts';

export interface ScoreTable {
  readonly queries: number;
  readonly programs: number;
  /** The most that a cell may have; leading programs have more than the others. */
  readonly repeats: number;
  /** [query][program][repeat], 0 to 1; NaN: never executed to its end. A program that failed has 0. */
  readonly scores: Float64Array;
  /** [query][program]: repeats with a score. */
  readonly executed: Uint16Array;
  /** [query][program]: sums over the executed repeats. */
  readonly llmCalls: Float64Array;
  readonly tokens: Float64Array;
  readonly costUsd: Float64Array;
}

export function emptyTable(queries: number, programs: number, repeats: number): ScoreTable {
  const sums = (): Float64Array => new Float64Array(queries * programs);
  return {
    ...{ queries, programs, repeats },
    scores: new Float64Array(queries * programs * repeats).fill(Number.NaN),
    executed: new Uint16Array(queries * programs),
    ...{ llmCalls: sums(), tokens: sums(), costUsd: sums() },
  };
}

/** Mean scores per query and program, [query][program]; NaN where nothing was executed. */
export function meansOf(
  { queries, programs, repeats, scores }: ScoreTable,
  /** Of which repeats; default all. */
  counts: (repeat: number) => boolean = () => true,
): Float64Array {
  const taken = Array.from({ length: repeats }, (_, repeat) => repeat).filter(counts);
  const means = new Float64Array(queries * programs);
  for (let cell = 0; cell < means.length; cell++) {
    let sum = 0;
    let executed = 0;
    for (const repeat of taken) {
      const score = scores[cell * repeats + repeat] as number;
      if (Number.isNaN(score)) continue;
      sum += score;
      executed += 1;
    }
    means[cell] = executed === 0 ? Number.NaN : sum / executed;
  }
  return means;
}

export interface Outcome {
  /** 0 to 1. */
  readonly score: number;
  readonly llmCalls: number;
  readonly tokens: number;
  readonly costUsd: number;
}

/** Once per query, program and repeat. */
export function addOutcome(
  table: ScoreTable,
  query: number,
  program: number,
  repeat: number,
  outcome: Outcome,
): void {
  const cell = query * table.programs + program;
  table.scores[cell * table.repeats + repeat] = outcome.score;
  table.executed[cell] = (table.executed[cell] as number) + 1;
  for (const of of ['llmCalls', 'tokens'] as const)
    table[of][cell] = (table[of][cell] as number) + outcome[of];
  // Rows come from the database in any order.
  table.costUsd[cell] = addUsd(table.costUsd[cell] as number, outcome.costUsd);
}

/** Those of the queries on which any program was executed; the others say nothing about programs. */
export function observedOf(means: Float64Array, programs: number, queries: readonly number[]): number[] {
  return queries.filter((query) => {
    for (let program = 0; program < programs; program++)
      if (!Number.isNaN(means[query * programs + program])) return true;
    return false;
  });
}

/** The mean of a cell; a program that was not executed on the query scores nothing there, so that none wins by absence. */
export function scoreAt(means: Float64Array, programs: number, query: number, program: number): number {
  const mean = means[query * programs + program] as number;
  return Number.isNaN(mean) ? 0 : mean;
}
