/** Works through items, `width` at once. The first failure aborts the others' signal and is thrown when all have ended. */
import { setMaxListeners } from 'node:events';

export async function forEachAtOnce<T>(
  items: readonly T[],
  width: number,
  outer: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  // Every lane listens, and that is no leak.
  setMaxListeners(0, signal);
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      signal.throwIfAborted();
      await work(item, signal);
    }
  };
  const lanes = Array.from({ length: Math.min(width, items.length) }, () =>
    lane().catch((error: unknown) => {
      if (!failed.signal.aborted) failed.abort(error);
    }),
  );
  await Promise.all(lanes);
  signal.throwIfAborted();
}
