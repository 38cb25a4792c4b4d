/** What LLM calls cost, summed. Tokens are the provider's own counts; cost is tokens times the configured price. */
export interface Usage {
  readonly llmCalls: number;
  readonly tokensIn: number;
  /** Part of `tokensIn` that the provider served from its own prompt cache. */
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

export const noUsage: Usage = { llmCalls: 0, tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    llmCalls: a.llmCalls + b.llmCalls,
    tokensIn: a.tokensIn + b.tokensIn,
    tokensCached: a.tokensCached + b.tokensCached,
    tokensOut: a.tokensOut + b.tokensOut,
    costUsd: addUsd(a.costUsd, b.costUsd),
  };
}

/**
 * To 1e-12 US-dollars: calls end in any order, and sums of floating-point numbers, unrounded, differ with it in the last bit.
 * Exact for sums below 4,000 US-dollars of prices with up to 6 decimals per million tokens.
 */
export function addUsd(a: number, b: number): number {
  return Math.round((a + b) * 1e12) / 1e12;
}
