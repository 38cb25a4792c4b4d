/** What the LLM tests share: an endpoint in front of the fake server, and calls that differ by their draw. */
import { createCallService } from '../../activities/llm/call-service.ts';
import type { Call, CallOutcome, CallService } from '../../activities/llm/chat.ts';
import type { Endpoint } from '../../activities/llm/endpoint.ts';
import { createOpenAiChat } from '../../activities/llm/openai-chat.ts';
import type { Database } from '../../activities/storage/tables.ts';

export function endpointOf(baseUrl: string, given: Partial<Endpoint> = {}): Endpoint {
  return {
    name: 'driver',
    baseUrl,
    identity: baseUrl,
    model: 'provider/driver',
    revision: 'r1',
    simulated: true,
    priceUsdPerMTok: { in: 1, cached: 0.5, out: 2 },
    limits: { inFlight: 32 },
    timeoutMs: 10_000,
    parameters: {},
    readKey: async () => undefined,
    ...given,
  };
}

export function serviceOn(
  database: Database,
  endpoint: Endpoint,
  { leaseMs = 2_000, agingMs }: { readonly leaseMs?: number; readonly agingMs?: number } = {},
): CallService & AsyncDisposable {
  return createCallService({
    database,
    models: { get: async () => endpoint },
    send: createOpenAiChat(),
    leaseMs,
    ...(agingMs === undefined ? {} : { agingMs }),
  });
}

/** Equal arguments make equal calls. */
export function callOf(draw: number, given: Partial<Call> = {}): Call {
  return {
    tenant: 'default',
    namespace: 'default',
    run: 'evaluation/test',
    request: {
      model: 'driver',
      messages: [{ role: 'user', content: 'What is 6 x 7?' }],
      temperature: 0.5,
      maxTokens: 100,
    },
    draw: draw.toString(16).padStart(8, '0').padEnd(64, '0'),
    callClass: 'evaluation',
    ...given,
  };
}

export const never = new AbortController().signal;

export function ask(
  service: CallService,
  draw: number,
  wait: 'block' | 'yield' = 'block',
  given: Partial<Call> = {},
): Promise<CallOutcome> {
  return service.call(callOf(draw, given), { signal: never, wait });
}
