/**
 * How often a row's program is expected to solve its query again on a fresh draw. Each repeat in turn is held out: where the others
 * alone would have accepted the program, the held-out one is such a draw. So the estimate is that of one repeat fewer than the
 * dataset has, and a little low. Of the selected base programs, all queries of the selection, the dropped ones too.
 */
import { wilson } from '../../benchmarks/stats/wilson.ts';
import { isSolved } from '../selection.ts';

export interface LabelPrecision {
  /** 0 to 1; null with fewer than two repeats, of which nothing can be held out. */
  readonly estimate: number | null;
  /** 95 %, Wilson, with as many trials as queries, since the draws of one query are alike: rather too wide. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Queries that the estimate rests on. */
  readonly queries: number;
}

/** `scores`: one list per selected query, one score per repeat of its base program. */
export function labelPrecision(scores: readonly (readonly number[])[]): LabelPrecision {
  const heldOut = scores.flatMap((repeats) => {
    const total = repeats.reduce((sum, score) => sum + score, 0);
    const draws = repeats.filter((score) => isSolved((total - score) / (repeats.length - 1)));
    return repeats.length < 2 || draws.length === 0 ? [] : [draws];
  });
  const queries = heldOut.length;
  if (queries === 0) return { estimate: null, interval: null, queries };
  // By draws: a query that few of its repeats accept counts as little as it weighs among accepted rows.
  const draws = heldOut.flat();
  const estimate = draws.filter(isSolved).length / draws.length;
  return { estimate, interval: wilson(estimate * queries, queries), queries };
}
