/** What a call costs, and the most it may cost before its usage is known. */
import type { ChatReply, ChatRequest } from './chat.ts';
import type { Prices } from './endpoint.ts';

export function costUsd(prices: Prices, usage: ChatReply['usage']): number {
  const fresh = Math.max(0, usage.tokensIn - usage.tokensCached);
  return (fresh * prices.in + usage.tokensCached * prices.cached + usage.tokensOut * prices.out) / 1e6;
}

/**
 * An upper bound: no byte-level tokenizer makes more tokens of a text than it has bytes, and chat templates add a few per
 * message.
 */
export function worstCase(
  prices: Prices,
  request: ChatRequest,
): { readonly tokens: number; readonly costUsd: number } {
  const tokensIn = request.messages.reduce(
    (sum, { content }) => sum + Buffer.byteLength(content) + templateTokens,
    16,
  );
  const priceIn = Math.max(prices.in, prices.cached);
  return {
    tokens: tokensIn + request.maxTokens,
    costUsd: (tokensIn * priceIn + request.maxTokens * prices.out) / 1e6,
  };
}

/** Four bytes of text per token: for an endpoint that reports no usage. */
export function estimateUsage(request: ChatRequest, text: string): ChatReply['usage'] {
  const bytesIn = request.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return {
    tokensIn: Math.ceil(bytesIn / 4),
    tokensCached: 0,
    tokensOut: Math.ceil(Buffer.byteLength(text) / 4),
  };
}

const templateTokens = 16;
