/** Heartbeats while work runs: only through them does a cancellation arrive, and the death of a worker show. */
import { Context } from '@temporalio/activity';

const everyMs = 1_000;

/** `details` is what an observer of the activity sees. */
export async function heartbeating<T>(work: () => Promise<T>, details?: () => unknown): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details?.()), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** The same activity with heartbeats. */
export function withHeartbeats<A extends readonly unknown[], R>(
  activity: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return (...args) => heartbeating(() => activity(...args));
}
