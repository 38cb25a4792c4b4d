/** What a run used at each node of its program's graph, by the node's name. */

export interface NodeUse {
  calls: number;
  failed: number;
  tokensIn: number;
  tokensOut: number;
  costUsd: number;
  /** Sum over its calls, which may have gone on side by side. */
  ms: number;
}

export interface TracedCall {
  /** Name of the node. */
  readonly agent: string;
  readonly ok: boolean;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
  readonly ms: number;
}

export function useByNode(calls: readonly TracedCall[]): ReadonlyMap<string, NodeUse> {
  const uses = new Map<string, NodeUse>();
  for (const { agent, ok, tokensIn, tokensOut, costUsd, ms } of calls) {
    const use = uses.get(agent) ?? { calls: 0, failed: 0, tokensIn: 0, tokensOut: 0, costUsd: 0, ms: 0 };
    uses.set(agent, use);
    use.calls += 1;
    use.failed += ok ? 0 : 1;
    use.tokensIn += tokensIn;
    use.tokensOut += tokensOut;
    use.costUsd += costUsd;
    use.ms += ms;
  }
  return uses;
}
