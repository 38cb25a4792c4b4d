/**
 * How long each rank has been without progress, by this machine's own clock and only while it was watched: seconds add up
 * from look to look, so that a watcher that slept counts little. A beat alone is no progress; the loop's age in it is.
 */
import type { TrainerEvent } from './watching/event.ts';
import type { RankView } from './watching/rank-view.ts';

/** More between two looks is not counted: the watcher stood still itself, and perhaps the trainer with it. */
const maxGapMs = 2_000;

export interface Quiet {
  readonly quietMs: number;
  /** Since the last beat. */
  readonly beatAgeMs: number;
}

export interface Pulse {
  feel(rank: number, event: TrainerEvent): void;
  /** Time passes for these ranks; `nowMs` never goes back. */
  pass(ranks: readonly RankView[], nowMs: number): void;
  of(rank: number): Quiet;
}

/** `ranks` as an earlier watch left them. */
export function createPulse(ranks: readonly RankView[], nowMs: number): Pulse {
  const quiet = new Map<number, { quietMs: number; beatAgeMs: number }>(
    ranks.map(({ rank, quietS, beatAgeS }) => [rank, { quietMs: quietS * 1000, beatAgeMs: beatAgeS * 1000 }]),
  );
  let lastMs = nowMs;
  const of = (rank: number): { quietMs: number; beatAgeMs: number } => {
    const known = quiet.get(rank) ?? { quietMs: 0, beatAgeMs: 0 };
    quiet.set(rank, known);
    return known;
  };
  return {
    feel(rank, event) {
      const mine = of(rank);
      if (event.ev === 'beat') {
        mine.beatAgeMs = 0;
        if (event.loopAgeS !== undefined) mine.quietMs = Math.min(mine.quietMs, event.loopAgeS * 1000);
      } else mine.quietMs = 0;
    },
    pass(watched, at) {
      const passedMs = Math.min(maxGapMs, Math.max(0, at - lastMs));
      lastMs = at;
      for (const { rank } of watched) {
        const mine = of(rank);
        mine.quietMs += passedMs;
        mine.beatAgeMs += passedMs;
      }
    },
    of: (rank) => ({ ...of(rank) }),
  };
}
