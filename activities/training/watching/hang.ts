/**
 * Tells a hang from slow work, for the most overdue rank. With enough samples the deadline alone decides; with few, the
 * tree must stand still as well: a busy one is told to people once. A look that fails is no proof.
 */
import type { Notice } from '../../../workflows/training/contract.ts';
import type { Pulse } from '../pulse.ts';
import type { Recipe } from '../recipe.ts';
import { type Deadline, deadlineOf, type PhaseKind } from './deadline.ts';
import type { PhaseTimes } from './phase-times.ts';
import type { RankView } from './rank-view.ts';
import { compareTrees, type TreeSample } from './tree-activity.ts';

export type Suspicion =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow'; readonly notice: Notice }
  | { readonly kind: 'hang'; readonly phase: PhaseKind; readonly rank: number; readonly why: string };

export interface HangWatch {
  look(ranks: readonly RankView[], pulse: Pulse): Promise<Suspicion>;
}

const none: Suspicion = { kind: 'none' };

export function createHangWatch(options: {
  readonly recipe: Pick<Recipe, 'hangFloorS' | 'phaseLimitS'>;
  readonly times: PhaseTimes;
  /** A look at the attempt's processes. */
  readonly sample: () => Promise<TreeSample | undefined>;
}): HangWatch {
  const { recipe, times, sample } = options;
  /** Taken when half of an unsure limit was over, and anew after each look that found work. */
  let base: { readonly tree: TreeSample | undefined; readonly quietMs: number } | undefined;

  return {
    async look(ranks, pulse) {
      const worst = mostOverdue(ranks, pulse, (rank) => deadlineOf(rank, times, recipe));
      if (!worst) return none;
      const { rank, deadline, quietMs } = worst;
      const limitMs = deadline.limitS * 1000;
      if (deadline.sure) return quietMs > limitMs ? hangOf(rank, deadline, pulse) : none;
      if (base && quietMs < base.quietMs) base = undefined;
      if (quietMs <= limitMs / 2) return none;
      base ??= { tree: await sample(), quietMs };
      if (quietMs <= limitMs || quietMs - base.quietMs < Math.min(limitMs / 4, 10_000)) return none;
      const now = await sample();
      const activity = compareTrees(base.tree, now);
      base = { tree: now, quietMs };
      if (activity === 'still') return hangOf(rank, deadline, pulse, ', and its processes stand still');
      const seen = activity === 'busy' ? 'its processes work' : 'its processes cannot be seen';
      const text = `${describe(rank, deadline, quietMs)}; ${seen}`;
      return { kind: 'slow', notice: { kind: 'slow', step: rank.step, text } };
    },
  };
}

interface Overdue {
  readonly rank: RankView;
  readonly deadline: Deadline;
  readonly quietMs: number;
}

/**
 * By the share of its limit that a rank has used; of equals, the one that got least far. Ranks that said their end are left
 * out as long as others have not.
 */
function mostOverdue(
  ranks: readonly RankView[],
  pulse: Pulse,
  deadline: (rank: RankView) => Deadline,
): Overdue | undefined {
  let worst: Overdue | undefined;
  const going = ranks.filter(({ end }) => end === null);
  for (const rank of going.length > 0 ? going : ranks) {
    const found = { rank, deadline: deadline(rank), quietMs: pulse.of(rank.rank).quietMs };
    if (!worst || share(found) > share(worst) + 0.01) worst = found;
    else if (share(found) > share(worst) - 0.01 && rank.step < worst.rank.step) worst = found;
  }
  return worst;
}

function share({ deadline, quietMs }: Overdue): number {
  return quietMs / (deadline.limitS * 1000);
}

function hangOf(rank: RankView, deadline: Deadline, pulse: Pulse, also = ''): Suspicion {
  const { quietMs, beatAgeMs } = pulse.of(rank.rank);
  const why = `${describe(rank, deadline, quietMs)}${also}; ${beatOf(rank, quietMs, beatAgeMs)}`;
  return { kind: 'hang', phase: deadline.kind, rank: rank.rank, why };
}

function describe({ rank, phase }: RankView, { limitS, basis }: Deadline, quietMs: number): string {
  const limit = Math.round(limitS * 10) / 10;
  return `rank ${rank} made no progress in phase ${phase} for ${seconds(quietMs)} s (limit ${limit} s: ${basis})`;
}

/** A thread that beats while the loop stands still is another fault than a process that does nothing at all. */
function beatOf({ loopAgeS }: RankView, quietMs: number, beatAgeMs: number): string {
  if (loopAgeS === null) return 'it never beat';
  const silentMs = 10_000;
  return beatAgeMs < Math.max(silentMs, quietMs / 4) && beatAgeMs < quietMs
    ? `it beats, its loop stands still for ${Math.max(loopAgeS, seconds(quietMs))} s`
    : `no beat for ${seconds(beatAgeMs)} s`;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
