/** From a client's chat request to what `transformers serve` understands: it refuses fields it does not know, and ignores some it accepts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const completionRequestSchema = z.object({
  model: z.string(),
  messages: z
    .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string().max(1024 * 1024) }))
    .min(1)
    .max(256),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.number().int().nullish(),
  stream: z.literal(false).nullish(),
  n: z.literal(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** What the model's own files say. */
export interface ServedModel {
  readonly directory: string;
  /** The artefact's generation_config.json. */
  readonly generation: Readonly<Record<string, unknown>>;
  /** Positions that the model was made for: prompt and answer together. */
  readonly maxPositions: number;
}

export async function readServedModel(directory: string): Promise<ServedModel> {
  const json = async (name: string) =>
    JSON.parse(await readFile(join(directory, name), 'utf8')) as Record<string, unknown>;
  const [generation, config] = [await json('generation_config.json'), await json('config.json')];
  return {
    directory,
    generation,
    maxPositions: z.number().int().positive().parse(config['max_position_embeddings']),
  };
}

/** Sampling has to be switched on: a temperature alone is ignored by a model whose own setting is greedy. */
export function toUpstream(request: CompletionRequest, model: ServedModel): Record<string, unknown> {
  const temperature = request.temperature ?? 0;
  const wanted = request.max_tokens ?? request.max_completion_tokens ?? model.maxPositions;
  return {
    model: model.directory,
    messages: request.messages,
    generation_config: JSON.stringify({
      ...model.generation,
      do_sample: temperature > 0,
      max_new_tokens: Math.min(wanted, model.maxPositions),
    }),
    // Not within generation_config: there a whole number such as 1 is refused as "not a float".
    ...(temperature > 0 ? { temperature } : {}),
    ...(temperature > 0 && request.top_p ? { top_p: request.top_p } : {}),
    ...(typeof request.seed === 'number' ? { seed: Math.abs(request.seed) % 2 ** 31 } : {}),
    ...(request.stop ? { stop: request.stop } : {}),
  };
}
