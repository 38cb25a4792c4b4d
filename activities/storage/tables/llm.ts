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
    /** NAMESPACE/KIND/NAME of a run, or tenant/NAME. */
    level: string;
    /** The levels that pay too: parent runs, nearest first, then tenants. */
    above: Generated<string[]>;
    /** `day`: what is spent counts from midnight UTC. */
    period: Generated<'total' | 'day'>;
    period_start: Generated<Date>;
    max_cost_usd: number | null;
    max_tokens: number | null;
    spent_cost_usd: Generated<number>;
    spent_tokens: Generated<number>;
    reserved_cost_usd: Generated<number>;
    reserved_tokens: Generated<number>;
  };
  /** `id`: the call's owner; one row per limited level of its chain. */
  budget_reservations: { id: string; level: string; cost_usd: number; tokens: number; lease_until: Date };
  /** Token buckets per model; levels refill with time up to the configured rate per minute. */
  model_limits: {
    model: string;
    requests_level: number;
    tokens_level: number;
    refilled_at: Date;
    /** One 429 pauses all processes. */
    paused_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  /** In-flight slots leased to a process in blocks. By class, from 1: interactive, evaluation, dataset. */
  model_slots: {
    model: string;
    owner: string;
    slots: number;
    /** Those in use and those waited for. */
    wanted: number[];
    /** The class has waited too long without a slot. */
    aged: boolean[];
    /** Best class that waits, 0 for an aged one; set while the process has no slot. */
    rank: number | null;
    /** Since when the process waits and has none. */
    starved_since: Date | null;
    lease_until: Date;
  };
}
