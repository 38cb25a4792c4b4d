/** LLM calls (cache, pending rows, ledger), budgets with reservations, and the limiter. */
import type { ColumnType, Generated } from 'kysely';

export interface LlmTables {
  /** One row per distinct call: `key` = sha256(tenant, endpoint, model, revision, canonical request, draw). */
  llm_calls: {
    key: string;
    tenant: string;
    /** KIND/NAME of the run that paid for it first. */
    run: string;
    model: string;
    revision: string;
    state: 'pending' | 'done' | 'failed';
    /** Process that holds the lease of a pending row. */
    owner: string;
    lease_until: Date;
    /** Times this call was sent; above 1 the provider may have billed it twice. */
    sends: number;
    request: unknown;
    reply: unknown;
    tokens_in: number;
    tokens_cached: number;
    tokens_out: number;
    cost_usd: number;
    latency_ms: number;
    simulated: boolean;
    created_at: Generated<Date>;
    done_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  budgets: {
    /** KIND/NAME. */
    run: string;
    max_cost_usd: number | null;
    max_tokens: number | null;
    spent_cost_usd: Generated<number>;
    spent_tokens: Generated<number>;
    reserved_cost_usd: Generated<number>;
    reserved_tokens: Generated<number>;
  };
  budget_reservations: { id: string; run: string; cost_usd: number; tokens: number; lease_until: Date };
  /** Token buckets per model; levels refill with time up to the configured rate per minute. */
  model_limits: {
    model: string;
    requests_level: number;
    tokens_level: number;
    refilled_at: Date;
    /** One 429 pauses all processes. */
    paused_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  /** In-flight slots leased to a process in blocks; `wanted` counts those in use and those waited for. */
  model_slots: {
    model: string;
    owner: string;
    slots: number;
    wanted: number;
    /** Since when the process waits and has none. */
    starved_since: Date | null;
    lease_until: Date;
  };
}
