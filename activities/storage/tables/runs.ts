/** Runs, payloads and the store's identity. */
import type { ColumnType, Generated } from 'kysely';

export type RunState = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'terminated';
type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;

export interface RunTables {
  /** One row: workers compare `id` at start and refuse to run on different stores. */
  store: { id: string; created_at: Generated<Date> };
  runs: {
    namespace: string;
    kind: string;
    name: string;
    tenant: string;
    /** KIND/NAME of the run that started it or that its input names: its budget pays too. */
    parent: string | null;
    workflow_id: string;
    first_run_id: string;
    run_id: string;
    /** sha256 of the canonical resolved input, without `name`. */
    input_hash: string;
    input: unknown;
    state: RunState;
    /** The workflow's result, at most 128 KiB; null while running. */
    result: unknown;
    /** What ended the run, when it did not succeed: failure type and message. */
    cause: string | null;
    llm_calls: Generated<number>;
    tokens_in: Generated<number>;
    tokens_out: Generated<number>;
    cost_usd: Generated<number>;
    simulated: Generated<boolean>;
    started_at: Timestamp;
    ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  /** The matrices of runs. */
  run_plans: { namespace: string; run: string; plan: string };
  /** Temporal payloads over 128 KiB (external storage). */
  payloads: { sha256: string; data: Buffer; created_at: Generated<Date>; used_at: Generated<Date> };
}
