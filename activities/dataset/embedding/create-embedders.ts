/** Embedders by name: the local one, and every model of the config, asked at its `/embeddings`. */
import type { Models } from '../../llm/endpoint.ts';
import type { Embedders } from './embedder.ts';
import { createEndpointEmbedder } from './endpoint-embedder.ts';
import { createLocalEmbedder, localEmbedderName } from './local-embedder.ts';

export interface EmbeddersOptions {
  readonly models: Models;
  /** The interpreter of the environment `embedding`. */
  readonly python: () => Promise<string>;
}

export function createEmbedders({ models, python }: EmbeddersOptions): Embedders & AsyncDisposable {
  const local = createLocalEmbedder({ python });
  return {
    async get(name) {
      return name === localEmbedderName ? local : createEndpointEmbedder(await models.get(name));
    },
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}
