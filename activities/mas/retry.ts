/** Temporal's retry policy for activities, in process: bulk mode performs thousands of calls within one activity. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../failure.ts';

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** Failures for this long are an outage: the last one is thrown. */
  readonly outageMs?: number;
  readonly onFailure?: (error: unknown) => void;
}

/** Then the activity fails, waits in Temporal, and leaves its slot to batches whose models answer. */
const defaultOutageMs = 60_000;
const firstDelayMs = 200;
const maxDelayMs = 20_000;
/** A reply that cannot be read comes from the model's side and may come again; an outage ends by itself. */
const maxBadReplies = 5;

/** Retries retryable failures of the table; honours `nextRetryDelay`. Anything else is thrown at once. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const outageMs = options.outageMs ?? defaultOutageMs;
  let since: number | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isFailure(error) || error.nonRetryable) throw error;
      options.onFailure?.(error);
      since ??= Date.now();
      if (Date.now() - since > outageMs) throw error;
      if (error.type === 'Llm.BadReply' && attempt >= maxBadReplies) throw error;
      await sleep(delayMs(error.nextRetryDelay, attempt), undefined, { signal: options.signal });
    }
  }
}

function delayMs(asked: unknown, attempt: number): number {
  if (typeof asked === 'number') return asked;
  const backoff = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return backoff * (0.5 + Math.random() / 2);
}
