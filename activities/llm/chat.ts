/** The chat port: one LLM call on one configured model. Everything above it (cache, budget, limiter) speaks `CallService`. */

import type { Prices } from './endpoint.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatRequest {
  /** A model's name in config. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature: number;
  /** New tokens at most. */
  readonly maxTokens: number;
}

export interface ChatReply {
  /** With `<think>…</think>` still in it. */
  readonly text: string;
  readonly finishReason: 'stop' | 'length' | 'other';
  readonly usage: { readonly tokensIn: number; readonly tokensCached: number; readonly tokensOut: number };
  readonly costUsd: number;
  /** True when the endpoint declared itself a simulation. */
  readonly simulated: boolean;
  /** Set when the endpoint reported no usage: then `usage` is four bytes of text per token. */
  readonly usageEstimated?: true;
}

/** Which calls are served first when a model's limit is reached. */
export type CallClass = 'interactive' | 'evaluation' | 'dataset';

export interface Call {
  readonly tenant: string;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** KIND/NAME: its budget, those of its parent runs and its tenant's pay. */
  readonly run: string;
  readonly request: ChatRequest;
  /** Hex; distinguishes independent samples of one request. Its first 31 bits go out as the request's `seed`. */
  readonly draw: string;
  readonly callClass: CallClass;
}

export interface CallOutcome {
  readonly reply: ChatReply;
  /** True when the reply was on record: then this call cost nothing now (its recorded cost is in `reply`). */
  readonly recorded: boolean;
}

/** Cache, pending rows, budget and limiter around the chat port. Failures are `ApplicationFailure` of a type `Llm.*` or `Budget.Exceeded`. */
export interface CallService {
  /**
   * Answers from the record, else sends once and records. `wait`: 'block' waits for a limiter slot (bulk mode);
   * 'yield' throws a retryable `Llm.RateLimited` with `nextRetryDelay` instead (an activity gives its slot back).
   */
  call(
    call: Call,
    options: { readonly signal: AbortSignal; readonly wait: 'block' | 'yield' },
  ): Promise<CallOutcome>;
  /** What its tokens cost. Throws `Llm.UnknownModel`. */
  prices(model: string): Promise<Prices>;
  /** Model identity for provenance and keys. Throws `Llm.UnknownModel`. */
  identity(
    model: string,
  ): Promise<{ readonly model: string; readonly revision: string; readonly simulated: boolean }>;
}
