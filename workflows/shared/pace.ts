/**
 * How fast a run goes: over its last minutes, not since its start. Time in a pause, and what was found stored, do not count.
 * It knows no clock, so that a workflow (whose time is recorded) and a command tell the same.
 */
import type { Progress } from './progress.ts';

export type Paced = Pick<Progress, 'state' | 'stage' | 'done' | 'total' | 'found' | 'open'>;

/** Items per second; undefined while it is not known: at the start of a stage, in a pause, and while nothing moves. */
export type Pace = (nowMs: number, progress: Paced) => number | undefined;

const windowMs = 5 * 60_000;
/** Nearer points are kept as one: batches that end together are one step, and a window is at most 300 points. */
const leastApartMs = 1_000;

interface Point {
  readonly atMs: number;
  readonly done: number;
}

/** The first batch to end says too little of those beside it: with several in flight the pace is known from the second step on. */
export function createPace(): Pace {
  let about = '';
  let points: Point[] = [];
  return (nowMs, { state, stage, done: all, total, found = 0, open = [] }) => {
    const done = all - found;
    const last = points.at(-1);
    if (about !== `${state} ${stage} ${total}` || !last || done < last.done) {
      about = `${state} ${stage} ${total}`;
      points = [{ atMs: nowMs, done }];
      return undefined;
    }
    if (done > last.done) {
      if (points.length > 1 && nowMs - (points.at(-2)?.atMs ?? 0) < leastApartMs) points.pop();
      points.push({ atMs: nowMs, done });
    }
    const steps = open.length > 1 ? 2 : 1;
    while (points.length > steps + 1 && (points[1]?.atMs ?? nowMs) <= nowMs - windowMs) points.shift();
    const [first] = points;
    if (!first || points.length <= steps || nowMs <= first.atMs || state === 'paused') return undefined;
    return ((done - first.done) * 1_000) / (nowMs - first.atMs);
  };
}
