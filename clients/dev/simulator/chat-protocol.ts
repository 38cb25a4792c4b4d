/** The OpenAI chat protocol as far as the simulator speaks it: request schema, replies whole and streamed, errors. */
import { z } from 'zod';

const contentSchema = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal('text'), text: z.string() }))
    .transform((parts) => parts.map((part) => part.text).join('')),
]);

export const chatRequestSchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: contentSchema })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  seed: z.number().int().nullish(),
  n: z.literal(1).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

export interface Completion {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly finishReason: 'stop' | 'length';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const charactersPerToken = 4;
/** Longer prompts are refused as a real server would. */
export const contextTokens = 131_072;

export function countTokens(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}

/** Cuts a reply to the request's limit of new tokens. */
export function complete(request: ChatRequest, id: string, prompt: string, reply: string): Completion {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Infinity;
  const cut = countTokens(reply) > limit;
  const text = cut ? reply.slice(0, limit * charactersPerToken) : reply;
  return {
    id: `chatcmpl-simulated-${id.slice(0, 24)}`,
    model: request.model,
    text,
    finishReason: cut ? 'length' : 'stop',
    promptTokens: countTokens(prompt),
    completionTokens: countTokens(text),
  };
}

export function completionBody(completion: Completion): unknown {
  return {
    ...envelope(completion, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: completion.text, refusal: null },
        logprobs: null,
        finish_reason: completion.finishReason,
      },
    ],
    usage: usage(completion),
  };
}

/** The events of a streamed reply, each a `data:` line of server-sent events. */
export function completionEvents(completion: Completion, includeUsage: boolean): string[] {
  const chunk = (choices: unknown[], extra: object = {}): string =>
    `data: ${JSON.stringify({ ...envelope(completion, 'chat.completion.chunk'), choices, ...extra })}\n\n`;
  const delta = (content: object, finishReason: string | null): unknown[] => [
    { index: 0, delta: content, logprobs: null, finish_reason: finishReason },
  ];
  const pieces = completion.text.match(/[\s\S]{1,24}/g) ?? [];
  return [
    chunk(delta({ role: 'assistant', content: '' }, null)),
    ...pieces.map((content) => chunk(delta({ content }, null))),
    chunk(delta({}, completion.finishReason)),
    ...(includeUsage ? [chunk([], { usage: usage(completion) })] : []),
    'data: [DONE]\n\n',
  ];
}

export function errorBody(message: string, type: string, code: string | null): unknown {
  return { error: { message, type, param: null, code } };
}

function envelope(completion: Completion, object: string): object {
  return { id: completion.id, object, created: 0, model: completion.model, system_fingerprint: 'simulated' };
}

function usage({ promptTokens, completionTokens }: Completion): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}
