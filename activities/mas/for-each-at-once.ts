/** Works through items, so many at once. The first failure aborts the others' signal and is thrown when all have ended. */
import { setMaxListeners } from 'node:events';

/** A width that may change on the way: a smaller one is reached as items end, a larger one at once. */
export interface Width {
  now(): number;
  onChange(listener: () => void): void;
}

export async function forEachAtOnce<T>(
  items: readonly T[],
  width: number | Width,
  outer: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  // Every lane listens, and that is no leak.
  setMaxListeners(0, signal);
  const rest = items.values();
  const wanted = typeof width === 'number' ? () => width : () => width.now();
  const lanes = new Set<Promise<void>>();
  let exhausted = items.length === 0;

  const lane = async (): Promise<void> => {
    // One too many since the width shrank: another lane takes the next item.
    while (lanes.size <= wanted()) {
      const next = rest.next();
      if (next.done) {
        exhausted = true;
        return;
      }
      signal.throwIfAborted();
      await work(next.value, signal);
    }
  };
  const widen = (): void => {
    while (!exhausted && !signal.aborted && lanes.size < Math.min(wanted(), items.length)) {
      const running: Promise<void> = Promise.resolve()
        .then(lane)
        .catch((error: unknown) => {
          if (!failed.signal.aborted) failed.abort(error);
        })
        .finally(() => lanes.delete(running));
      lanes.add(running);
    }
  };
  if (typeof width !== 'number') width.onChange(widen);
  signal.throwIfAborted();
  widen();
  while (lanes.size > 0) await Promise.race(lanes);
  signal.throwIfAborted();
}
