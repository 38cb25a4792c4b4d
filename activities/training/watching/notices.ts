/** What people are told of a living attempt, without any action: a slow rank, a loss that leaves its own history. Pure. */
import { z } from 'zod';
import type { Notice } from '../../../workflows/training/contract.ts';
import { type RankView, warmUpSteps } from './rank-view.ts';

export const lossTrendSchema = z.object({
  logs: z.number().int(),
  /** Smoothed over about ten logs, and the lowest that was. */
  smooth: z.number(),
  best: z.number(),
});
export type LossTrend = z.infer<typeof lossTrendSchema>;

export const noTrend: LossTrend = { logs: 0, smooth: 0, best: 0 };

const fewLogs = 10;

export function foldTrend(trend: LossTrend, loss: number): LossTrend {
  const logs = trend.logs + 1;
  if (logs === 1) return { logs, smooth: loss, best: loss };
  const smooth = trend.smooth * 0.9 + loss * 0.1;
  return { logs, smooth, best: logs <= fewLogs ? smooth : Math.min(trend.best, smooth) };
}

/** The smoothed loss has risen by more than its best value, and by more than 0.5. */
export function divergedNotice(trend: LossTrend, step: number): Notice | undefined {
  if (trend.logs <= 2 * fewLogs) return undefined;
  const rise = trend.smooth - trend.best;
  if (rise <= Math.max(0.5, Math.abs(trend.best))) return undefined;
  const text = `the loss has risen from ${trend.best.toPrecision(3)} to ${trend.smooth.toPrecision(3)} (smoothed)`;
  return { kind: 'diverged', step, text };
}

/** Steps that are needed before ranks are compared, and how much slower than the median of the others counts. */
const comparedSteps = 20;
const slower = 1.5;

/** The slowest rank, when it is far from the others; with one rank there is nothing to compare. */
export function stragglerNotice(ranks: readonly RankView[]): Notice | undefined {
  const told = ranks.flatMap(({ rank, stepS, ownSteps, step }) =>
    stepS !== null && ownSteps >= comparedSteps + warmUpSteps ? [{ rank, stepS, step }] : [],
  );
  if (told.length < 2) return undefined;
  const slowest = told.reduce((worst, other) => (other.stepS > worst.stepS ? other : worst));
  const others = told.filter((other) => other !== slowest).map(({ stepS }) => stepS);
  const median = others.toSorted((a, b) => a - b)[Math.floor((others.length - 1) / 2)] as number;
  if (slowest.stepS <= median * slower || slowest.stepS - median < 0.005) return undefined;
  const text = `rank ${slowest.rank} takes ${slowest.stepS.toPrecision(3)} s per step, the others ${median.toPrecision(3)} s`;
  return { kind: 'straggler', step: slowest.step, text };
}

const kept = 8;
const quietSteps = 1_000;

/** One of a kind per 1,000 steps, the latest eight. */
export function addNotice(notices: readonly Notice[], fresh: Notice | undefined): readonly Notice[] {
  if (!fresh) return notices;
  const last = notices.findLast(({ kind }) => kind === fresh.kind);
  if (last && fresh.step - last.step < quietSteps) return notices;
  return [...notices, fresh].slice(-kept);
}
