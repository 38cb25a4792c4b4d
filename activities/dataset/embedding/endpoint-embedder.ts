/**
 * Embeddings of any OpenAI-compatible endpoint: a model of the config, asked at `/embeddings`. Nothing is retried here; every
 * failure is one of the models' failures, with neither text nor key in it.
 */
import OpenAI from 'openai';
import { z } from 'zod';
import type { Endpoint } from '../../llm/endpoint.ts';
import { badReply, toSendFailure } from '../../llm/failure.ts';
import { createFetchWhole } from '../../llm/undici-fetch.ts';
import type { Embedded, Embedder } from './embedder.ts';

/** Texts are cut here: endpoints refuse what is longer than their context. */
const maxChars = 16_384;
const maxDimensions = 8_192;
/** Tokens that a model puts around a text. */
const marks = 4;

const replySchema = z.object({
  data: z.array(
    z.object({
      index: z.number().int().nonnegative(),
      embedding: z.array(z.number()).min(1).max(maxDimensions),
    }),
  ),
  usage: z.object({ prompt_tokens: z.number().int().nonnegative() }).nullish(),
});

export function createEndpointEmbedder(endpoint: Endpoint): Embedder {
  const fetch = createFetchWhole();
  return {
    name: endpoint.name,
    identity: `${endpoint.model} at ${endpoint.revision} of ${endpoint.identity}`,
    batch: 64,
    worst(texts) {
      // No byte-level tokenizer makes more tokens of a text than it has bytes.
      const tokens = texts.reduce((sum, text) => sum + Buffer.byteLength(text.slice(0, maxChars)) + marks, 0);
      const costUsd = (tokens * endpoint.priceUsdPerMTok.in) / 1e6;
      return { tokens, costUsd, timeoutMs: endpoint.timeoutMs };
    },
    async embed(texts, signal) {
      const key = await endpoint.readKey();
      const deadline = AbortSignal.timeout(endpoint.timeoutMs);
      const client = new OpenAI({
        ...{ baseURL: endpoint.baseUrl, apiKey: key ?? 'none', organization: null, project: null, fetch },
        // As for chats: our own deadline, no retry, nothing from OPENAI_* variables.
        ...{ webhookSecret: null, maxRetries: 0, timeout: 2 ** 31 - 1, logLevel: 'off' as const },
      });
      const body = {
        ...endpoint.parameters,
        ...{ model: endpoint.model, encoding_format: 'float' as const },
        input: texts.map((text) => text.slice(0, maxChars)),
      };
      let json: unknown;
      try {
        const both = AbortSignal.any([signal, deadline]);
        json = await (await client.embeddings.create(body, { signal: both }).asResponse()).json();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof SyntaxError) throw badReply(endpoint, 'a reply that is not JSON').failure;
        throw toSendFailure(error, endpoint, key, deadline.aborted).failure;
      }
      return readReply(json, texts.length, endpoint);
    },
  };
}

function readReply(json: unknown, count: number, endpoint: Endpoint): Embedded {
  const reply = replySchema.safeParse(json);
  if (!reply.success) throw badReply(endpoint, 'JSON that holds no embeddings').failure;
  const vectors: Float32Array[] = [];
  for (const { index, embedding } of reply.data.data) vectors[index] = unit(embedding);
  const dimensions = vectors[0]?.length;
  for (let index = 0; index < count; index++)
    if (vectors[index] === undefined || vectors[index]?.length !== dimensions)
      throw badReply(endpoint, `other embeddings than the ${count} that it was asked for`).failure;
  const tokens = reply.data.usage?.prompt_tokens ?? 0;
  return { vectors, tokens, costUsd: (tokens * endpoint.priceUsdPerMTok.in) / 1e6 };
}

function unit(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
}
