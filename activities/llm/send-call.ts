/** One sending of a call that this process has begun: to the endpoint, and its outcome into the store, whatever happens. */
import { isFailure } from '../failure.ts';
import { outlastOutage } from '../storage/outlast-outage.ts';
import type { BeginCall, Begun, CallStore } from './call-store.ts';
import type { Call, ChatReply } from './chat.ts';
import type { Endpoint } from './endpoint.ts';
import type { SendChat, SendOutcome } from './openai-chat.ts';

export type Sent =
  | { readonly status: 'done'; readonly reply: ChatReply }
  | { readonly status: 'failed'; readonly failure: Error };

export interface SendParts {
  readonly store: CallStore;
  readonly send: SendChat;
  readonly endpoint: Endpoint;
  /** How long an outage of PostgreSQL is waited out before a paid reply is given up. */
  readonly outageMs: number;
}

/** `held` when another process took the call over meanwhile. Throws the signal's reason, after the row is settled. */
export async function sendCall(
  parts: SendParts,
  call: Call,
  begin: BeginCall,
  signal: AbortSignal,
): Promise<Sent | Extract<Begun, { status: 'held' }>> {
  const startedAt = performance.now();
  let sent: SendOutcome | undefined;
  let thrown: unknown;
  try {
    const sample = { seed: seedOf(call.draw), idempotencyKey: begin.key };
    sent = await parts.send(parts.endpoint, call.request, sample, signal);
  } catch (error) {
    thrown = error;
  }
  const reply = sent?.ok ? sent.reply : undefined;
  const refused = sent && !sent.ok ? sent : undefined;
  const settlement = {
    key: begin.key,
    owner: begin.owner,
    tenant: begin.tenant,
    level: begin.level,
    model: begin.model,
    reply,
    unsent: refused?.unsent ?? false,
    latencyMs: performance.now() - startedAt,
    refund: refundOf(begin, reply),
    pauseMs: pauseOf(refused),
  };
  // The reply is paid for: an outage of PostgreSQL must not lose it, nor may a cancellation.
  const accepted = await outlastOutage(parts.outageMs, () => parts.store.settle(settlement));
  if (!sent) throw thrown;
  if (!sent.ok) return { status: 'failed', failure: sent.failure };
  // Another process took this call over while we were cut off: its reply is the one that counts.
  return accepted ? { status: 'done', reply: sent.reply } : { status: 'held', waitMs: 50 };
}

export function seedOf(draw: string): number {
  return Number.parseInt(draw.slice(0, 8), 16) >>> 1;
}

/** What the bucket gave for the worst case, less what was used. */
function refundOf(begin: BeginCall, reply: ChatReply | undefined): number {
  if (begin.tpm === undefined) return 0;
  const taken = Math.min(begin.tokens, Math.max(1, begin.tpm / 6));
  return taken - (reply ? reply.usage.tokensIn + reply.usage.tokensOut : 0);
}

function pauseOf(refused: Extract<SendOutcome, { ok: false }> | undefined): number {
  return refused && isFailure(refused.failure, 'Llm.RateLimited') ? (refused.retryAfterMs ?? 1_000) : 0;
}
