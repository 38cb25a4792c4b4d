/**
 * The call service: a recorded call is answered from the record; any other is sent once, within the model's limits and
 * the budgets of its run's chain, and recorded before its reply is given out. Processes that work on the same call share one sending.
 */
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { isFailure } from '../failure.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { outlastOutage } from '../storage/outlast-outage.ts';
import type { Database } from '../storage/tables.ts';
import { awaitTurn, type CallOptions, type NotNow } from './await-turn.ts';
import { type BeginCall, type Begun, createCallStore } from './call-store.ts';
import type { Call, CallService } from './chat.ts';
import type { Endpoint, Models } from './endpoint.ts';
import { createLimiter } from './limiter.ts';
import type { SendChat } from './openai-chat.ts';
import { worstCase } from './pricing.ts';
import { sendCall, type Sent } from './send-call.ts';

export interface CallServiceParts {
  readonly database: Database;
  readonly models: Models;
  readonly send: SendChat;
  /** How long a call of a process that died stays held; renewed three times within. */
  readonly leaseMs?: number;
  /** After so long without a slot a lower class gets one before the higher ones. */
  readonly agingMs?: number;
}

type Attempt = Sent | NotNow | Extract<Begun, { status: 'recorded' }>;

/** In mode `yield` a call waits this long for a slot before it gives up its activity, and with it its place. */
const yieldAfterMs = 10_000;
const yieldMs = 250;
const outageMs = 120_000;
/** Slots are renewed four times a second: those of a process that died come back soon. */
const slotLeaseMs = 5_000;
/** In mode `block`, after so many refusals in a row the caller's own policy decides. */
const maxRefusals = 20;

export function createCallService(parts: CallServiceParts): CallService & AsyncDisposable {
  const { database, models, send, leaseMs = 15_000, agingMs } = parts;
  const processId = randomBytes(9).toString('base64url');
  const store = createCallStore(database, leaseMs);
  const limiter = createLimiter(database, processId, Math.min(leaseMs, slotLeaseMs), agingMs);
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
    if (!slot) return { status: 'limited', waitMs: yieldMs };
    try {
      const begun = await outlastOutage(
        options.wait === 'block' ? outageMs : 0,
        () => store.begin(begin),
        options.signal,
      );
      if (begun.status !== 'send') return begun;
      return await sendCall({ store, send, endpoint, outageMs }, call, begin, options.signal);
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
      for (;;) {
        const owner = `${processId}.${(sendings += 1).toString(36)}`;
        const outcome = await attempt(call, endpoint, { ...common, owner }, options);
        switch (outcome.status) {
          case 'recorded':
          case 'done':
            return { reply: outcome.reply, recorded: outcome.status === 'recorded' };
          case 'failed':
            refusals += 1;
            if (!waitsOut(outcome.failure, options) || refusals === maxRefusals) throw outcome.failure;
            break;
          default:
            await awaitTurn(outcome, endpoint, common, options);
        }
      }
    },
    prices: async (model) => (await models.get(model)).priceUsdPerMTok,
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

/** After a 429 the model pauses; in bulk mode the call waits with it. */
function waitsOut(error: Error, { wait }: CallOptions): boolean {
  return wait === 'block' && isFailure(error, 'Llm.RateLimited');
}

function describe(call: Call, endpoint: Endpoint): Omit<BeginCall, 'owner'> {
  const { messages, temperature, maxTokens } = call.request;
  const request = canonicalJson({ messages, temperature, maxTokens, parameters: endpoint.parameters });
  const identity = [call.tenant, endpoint.identity, endpoint.model, endpoint.revision, request, call.draw];
  return {
    key: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    tenant: call.tenant,
    run: call.run,
    level: `${call.namespace}/${call.run}`,
    model: endpoint.name,
    revision: endpoint.revision,
    request,
    simulated: endpoint.simulated,
    rpm: endpoint.limits.rpm,
    tpm: endpoint.limits.tpm,
    ...worstCase(endpoint.priceUsdPerMTok, call.request),
  };
}
