/** What a call does that cannot be sent now: in bulk mode it waits, in durable mode it gives its activity up for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../failure.ts';
import type { BeginCall, Begun } from './call-store.ts';
import type { Endpoint } from './endpoint.ts';
import { budgetExceeded, nameOf } from './spent-budget.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly wait: 'block' | 'yield';
}

export type NotNow = Exclude<Begun, { status: 'send' | 'recorded' }>;

/** Returns when it is time to ask again. Throws `Budget.Exceeded`; in mode `yield` a failure with a retry delay. */
export async function awaitTurn(
  notNow: NotNow,
  endpoint: Endpoint,
  call: Pick<BeginCall, 'run' | 'costUsd' | 'tokens'>,
  options: CallOptions,
): Promise<void> {
  if (notNow.status === 'budget') throw budgetExceeded(notNow.spent, call.run, call);
  if (options.wait === 'yield') throw yielding(notNow, endpoint, call.run);
  const { signal } = options;
  await sleep(jittered(pollAfterMs(notNow)), undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}

function pollAfterMs(notNow: Exclude<NotNow, { status: 'budget' }>): number {
  switch (notNow.status) {
    case 'limited':
      return notNow.waitMs;
    case 'held':
      return Math.min(notNow.waitMs, 250);
    case 'reserved':
      return 200;
  }
}

function yielding(notNow: Exclude<NotNow, { status: 'budget' }>, endpoint: Endpoint, run: string): Error {
  switch (notNow.status) {
    case 'held':
      return failure('Llm.InFlight', 'another attempt is sending this call: looked at again by itself', {
        nextRetryDelayMs: Math.min(Math.max(notNow.waitMs, 100), 2_000),
      });
    case 'limited':
      return failure('Llm.RateLimited', `model ${endpoint.name} is at its limit: retried by itself`, {
        nextRetryDelayMs: jittered(Math.max(notNow.waitMs, 50)),
      });
    case 'reserved':
      return failure(
        'Llm.RateLimited',
        `calls in flight hold the rest of the budget of ${nameOf(notNow.spent, run)}: retried by itself`,
        {
          nextRetryDelayMs: jittered(1_000),
        },
      );
  }
}

/** Those that wait for the same thing do not all come at once. */
function jittered(ms: number): number {
  return Math.round(ms * (1 + Math.random() / 4));
}
