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
    costUsd: a.costUsd + b.costUsd,
  };
}
