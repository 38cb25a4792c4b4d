/** One request to an OpenAI-compatible endpoint. Nothing is retried here, nothing cached; every failure is a `SendFailure`. */
import OpenAI from 'openai';
import { z } from 'zod';
import { isFailure } from '../failure.ts';
import type { ChatReply, ChatRequest } from './chat.ts';
import type { Endpoint } from './endpoint.ts';
import { badReply, type SendFailure, toSendFailure } from './failure.ts';
import { costUsd, estimateUsage } from './pricing.ts';
import { createFetchWhole, type FetchWhole } from './undici-fetch.ts';

export type SendOutcome =
  | { readonly ok: true; readonly reply: ChatReply }
  | ({ readonly ok: false } & SendFailure);

export interface Sample {
  /** 31 bits. */
  readonly seed: number;
  /** Equal when the same call is sent again after a crash: an endpoint that knows the header answers once and bills once. */
  readonly idempotencyKey?: string;
}

/** Throws only the reason of `signal`, when the caller gave up. */
export type SendChat = (
  endpoint: Endpoint,
  request: ChatRequest,
  sample: Sample,
  signal: AbortSignal,
) => Promise<SendOutcome>;

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          refusal: z.string().nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: z.number().int().nonnegative(),
      completion_tokens: z.number().int().nonnegative(),
      prompt_tokens_details: z.object({ cached_tokens: z.number().int().nonnegative().nullish() }).nullish(),
    })
    .nullish(),
  system_fingerprint: z.string().nullish(),
  /** Our simulator's own field. */
  simulated: z.boolean().nullish(),
});
type Completion = z.infer<typeof completionSchema>;

/** Clients are kept per endpoint and key, for the life of the function. */
export function createOpenAiChat(): SendChat {
  const clients = new Map<string, OpenAI>();
  const fetch = createFetchWhole();
  return async (endpoint, request, { seed, idempotencyKey }, signal) => {
    let key: string | undefined;
    try {
      key = await endpoint.readKey();
    } catch (error) {
      if (!isFailure(error)) throw error;
      return { ok: false, failure: error, unsent: true, retryAfterMs: undefined };
    }
    const client = clientOf(clients, fetch, endpoint.baseUrl, key);
    const deadline = AbortSignal.timeout(endpoint.timeoutMs);
    try {
      const response = await client.chat.completions
        .create(bodyOf(endpoint, request, seed), {
          signal: AbortSignal.any([signal, deadline]),
          headers: idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey },
        })
        .asResponse();
      return readReply(new Uint8Array(await response.arrayBuffer()), endpoint, request);
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, ...toSendFailure(error, endpoint, key, deadline.aborted) };
    }
  };
}

function clientOf(
  clients: Map<string, OpenAI>,
  fetch: FetchWhole,
  baseURL: string,
  key: string | undefined,
): OpenAI {
  const id = `${baseURL} ${key ?? ''}`;
  const known = clients.get(id);
  if (known) return known;
  const client = new OpenAI({
    baseURL,
    // The package wants one; servers that need none ignore it. Nothing is taken from OPENAI_* variables.
    apiKey: key ?? 'none',
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    // Endpoints have their own deadline, which also covers the reading of the body.
    timeout: 2 ** 31 - 1,
    logLevel: 'off',
    // It follows no redirect, which would carry prompts to a host that the config does not name.
    fetch,
  });
  clients.set(id, client);
  return client;
}

function bodyOf(endpoint: Endpoint, request: ChatRequest, seed: number) {
  return {
    ...endpoint.parameters,
    model: endpoint.model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    temperature: request.temperature,
    max_tokens: request.maxTokens,
    seed,
    stream: false as const,
  };
}

function readReply(bytes: Uint8Array, endpoint: Endpoint, request: ChatRequest): SendOutcome {
  if (bytes.length === 0) return { ok: false, ...badReply(endpoint, 'an empty reply') };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, ...badReply(endpoint, 'a reply that is not UTF-8') };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, ...badReply(endpoint, 'a reply that is not JSON') };
  }
  const parsed = completionSchema.safeParse(json);
  if (!parsed.success) return { ok: false, ...badReply(endpoint, 'JSON that is no chat completion') };
  const said = textOf(parsed.data);
  if (said === undefined) return { ok: false, ...badReply(endpoint, 'a completion without text') };
  return { ok: true, reply: replyOf(parsed.data, said, endpoint, request) };
}

/** Servers that split the reasoning off get it put back, so that a stored reply is whole. */
function textOf(completion: Completion): string | undefined {
  const message = completion.choices[0]?.message;
  const content = message?.content ?? message?.refusal ?? undefined;
  if (!message?.reasoning_content) return content;
  return `<think>${message.reasoning_content}</think>${content ?? ''}`;
}

function replyOf(completion: Completion, text: string, endpoint: Endpoint, request: ChatRequest): ChatReply {
  const reason = completion.choices[0]?.finish_reason;
  const reported = completion.usage;
  const usage = reported
    ? {
        tokensIn: reported.prompt_tokens,
        tokensCached: Math.min(reported.prompt_tokens_details?.cached_tokens ?? 0, reported.prompt_tokens),
        tokensOut: reported.completion_tokens,
      }
    : estimateUsage(request, text);
  return {
    text,
    finishReason: reason === 'stop' || reason === 'length' ? reason : 'other',
    usage,
    costUsd: costUsd(endpoint.priceUsdPerMTok, usage),
    simulated:
      endpoint.simulated ||
      completion.simulated === true ||
      (completion.system_fingerprint ?? '').startsWith('simulated'),
    ...(reported ? {} : { usageEstimated: true as const }),
  };
}
