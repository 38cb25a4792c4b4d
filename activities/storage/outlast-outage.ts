/** Goes on trying while PostgreSQL does not answer; after `forMs` the `Storage.Unavailable` gets through. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../failure.ts';

export async function outlastOutage<T>(
  forMs: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const giveUpAt = Date.now() + forMs;
  for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 2_000)) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isFailure(error, 'Storage.Unavailable') || Date.now() + delayMs > giveUpAt) throw error;
      await sleep(delayMs);
    }
  }
}
