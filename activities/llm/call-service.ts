/**
 * The call service: a recorded call is answered from the record; any other is sent once, within the model's limits and
 * the run's budget, and recorded before its reply is given out. Processes that work on the same call share one sending.
 */
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, isFailure } from '../failure.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { outlastOutage } from '../storage/outlast-outage.ts';
import type { Database } from '../storage/tables.ts';
import { type BeginCall, type Begun, type CallStore, createCallStore } from './call-store.ts';
import type { Call, CallOutcome, CallService } from './chat.ts';
import type { Endpoint, Models } from './endpoint.ts';
import { createLimiter } from './limiter.ts';
import type { SendChat, SendOutcome } from './openai-chat.ts';
import { worstCase } from './pricing.ts';

export interface CallServiceParts {
  readonly database: Database;
  readonly models: Models;
  readonly send: SendChat;
  /** How long a call of a process that died stays held; renewed three times within. */
  readonly leaseMs?: number;
}

type Wait = 'block' | 'yield';

/** In mode `yield` a call waits this long for a slot of this process before it gives up its activity. */
const yieldAfterMs = 2_000;
const storageOutageMs = 120_000;
/** In mode `block`, after so many refusals in a row the caller's own policy decides. */
const maxRefusals = 20;

export function createCallService(parts: CallServiceParts): CallService & AsyncDisposable {
  const { database, models, send, leaseMs = 15_000 } = parts;
  const processId = randomBytes(9).toString('base64url');
  const store = createCallStore(database, leaseMs);
  const limiter = createLimiter(database, processId, leaseMs);
  let sendings = 0;

  async function attempt(
    call: Call,
    endpoint: Endpoint,
    begin: BeginCall,
    options: CallOptions,
  ): Promise<Attempt> {
    const slot = await limiter.acquire({
      model: endpoint.name,
      inFlight: endpoint.limits.inFlight,
      callClass: call.callClass,
      signal: options.signal,
      maxWaitMs: options.wait === 'block' ? undefined : yieldAfterMs,
    });
    if (!slot) return { status: 'limited', waitMs: 1_000 };
    try {
      const begun = await outlastOutage(
        options.wait === 'block' ? storageOutageMs : 0,
        () => store.begin(begin),
        options.signal,
      );
      return begun.status === 'send'
        ? await sendAndSettle(store, send, call, endpoint, begin, options.signal)
        : begun;
    } finally {
      slot.release();
    }
  }

  return {
    async call(call, options) {
      const endpoint = await models.get(call.request.model);
      const common = describe(call, endpoint);
      // One signal serves the many calls of a batch.
      setMaxListeners(0, options.signal);
      let refusals = 0;
      for (let turn = 0; ; turn += 1) {
        const owner = `${processId}.${(sendings += 1).toString(36)}`;
        const outcome = await attempt(call, endpoint, { ...common, owner }, options);
        if (outcome.status === 'done' || outcome.status === 'recorded') {
          return { reply: outcome.reply, recorded: outcome.status === 'recorded' } satisfies CallOutcome;
        }
        if (outcome.status === 'failed') {
          refusals += 1;
          const goesOn =
            options.wait === 'block' &&
            isFailure(outcome.failure, 'Llm.RateLimited') &&
            refusals < maxRefusals;
          if (!goesOn) throw outcome.failure;
          continue;
        }
        await waitOrYield(outcome, endpoint, call.run, options, turn);
      }
    },
    async identity(model) {
      const { name, revision, simulated } = await models.get(model);
      return { model: name, revision, simulated };
    },
    async [Symbol.asyncDispose]() {
      store.close();
      await limiter.close();
    },
  };
}

interface CallOptions {
  readonly signal: AbortSignal;
  readonly wait: Wait;
}

type Sent =
  | { readonly status: 'done'; readonly reply: CallOutcome['reply'] }
  | { readonly status: 'failed'; readonly failure: Error };
type Attempt = Exclude<Begun, { status: 'send' }> | Sent;

function describe(call: Call, endpoint: Endpoint): Omit<BeginCall, 'owner'> {
  const { messages, temperature, maxTokens } = call.request;
  const request = canonicalJson({ messages, temperature, maxTokens, parameters: endpoint.parameters });
  const identity = [call.tenant, endpoint.baseUrl, endpoint.model, endpoint.revision, request, call.draw];
  return {
    key: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    tenant: call.tenant,
    run: call.run,
    model: endpoint.name,
    revision: endpoint.revision,
    request,
    simulated: endpoint.simulated,
    rpm: endpoint.limits.rpm,
    tpm: endpoint.limits.tpm,
    ...worstCase(endpoint.priceUsdPerMTok, call.request),
  };
}

async function sendAndSettle(
  store: CallStore,
  send: SendChat,
  call: Call,
  endpoint: Endpoint,
  begin: BeginCall,
  signal: AbortSignal,
): Promise<Attempt> {
  const startedAt = performance.now();
  let sent: SendOutcome | undefined;
  let thrown: unknown;
  try {
    sent = await send(endpoint, call.request, seedOf(call.draw), signal);
  } catch (error) {
    thrown = error;
  }
  const reply = sent?.ok ? sent.reply : undefined;
  const refused = sent && !sent.ok ? sent : undefined;
  const settlement = {
    key: begin.key,
    owner: begin.owner,
    run: begin.run,
    model: begin.model,
    reply,
    unsent: refused?.unsent ?? false,
    latencyMs: performance.now() - startedAt,
    refund: refundOf(begin, reply),
    pauseMs: pauseOf(refused),
  };
  // The reply is paid for: an outage of PostgreSQL must not lose it, nor may a cancellation.
  const accepted = await outlastOutage(storageOutageMs, () => store.settle(settlement));
  if (!sent) throw thrown;
  if (!sent.ok) return { status: 'failed', failure: sent.failure };
  // Another process took this call over while we were cut off: its reply is the one that counts.
  return accepted ? { status: 'done', reply: sent.reply } : { status: 'held', waitMs: 50 };
}

function seedOf(draw: string): number {
  return Number.parseInt(draw.slice(0, 8), 16) >>> 1;
}

/** What the bucket gave for the worst case, less what was used. */
function refundOf(begin: BeginCall, reply: CallOutcome['reply'] | undefined): number {
  if (begin.tpm === undefined) return 0;
  const taken = Math.min(begin.tokens, Math.max(1, begin.tpm / 6));
  return taken - (reply ? reply.usage.tokensIn + reply.usage.tokensOut : 0);
}

function pauseOf(refused: Extract<SendOutcome, { ok: false }> | undefined): number {
  return refused && isFailure(refused.failure, 'Llm.RateLimited') ? (refused.retryAfterMs ?? 1_000) : 0;
}

async function waitOrYield(
  outcome: Exclude<Attempt, Sent | { status: 'recorded' }>,
  endpoint: Endpoint,
  run: string,
  { signal, wait }: CallOptions,
  turn: number,
): Promise<void> {
  if (outcome.status === 'budget') {
    throw failure(
      'Budget.Exceeded',
      `the budget of ${run} is used up: start it again with a higher maxCostUsd or maxTokens`,
    );
  }
  if (wait === 'yield') {
    if (outcome.status === 'held') {
      throw failure('Llm.InFlight', `another attempt is sending this call: looked at again by itself`, {
        nextRetryDelayMs: Math.min(Math.max(outcome.waitMs, 100), 2_000),
      });
    }
    const delay = outcome.status === 'limited' ? Math.max(outcome.waitMs, 50) : 1_000;
    const reason =
      outcome.status === 'limited'
        ? `model ${endpoint.name} is at its limit`
        : `the budget of ${run} is reserved`;
    throw failure('Llm.RateLimited', `${reason}: retried by itself`, {
      nextRetryDelayMs: delay * (1 + Math.random() / 4),
    });
  }
  const backoff = Math.min(50 * 2 ** Math.min(turn, 5), 1_000);
  const delay = outcome.status === 'limited' ? outcome.waitMs : backoff;
  await sleep(delay * (1 + Math.random() / 4), undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}
