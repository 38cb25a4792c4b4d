/** Executions, their journal, their scores. */
import type { ColumnType, Generated } from 'kysely';

export interface ExecutionTables {
  /** One MAS program on one query with one driver and one seed. `key` = sha256(seed, query id, program sha256, driver identity, limits). */
  executions: {
    key: string;
    tenant: string;
    /** KIND/NAME of the run that executed it. */
    run: string;
    query_id: string;
    program_sha256: string;
    driver: string;
    repeat: number;
    /** The execution seed, hex: sha256(run seed, query id, program sha256, driver, repeat). */
    seed: string;
    /** Guest library, interpreter and seeding, by the blob of their manifest: an execution goes on with what it began with. */
    guest: string;
    /** Takeovers whose worker did not have that guest and went on with its own: a divergence, too. */
    guest_changes: Generated<number>;
    status: 'running' | 'answered' | 'failed' | 'infraFailed';
    failure_kind: string | null;
    failure_message: string | null;
    answer: string | null;
    llm_calls: Generated<number>;
    code_runs: Generated<number>;
    tokens_in: Generated<number>;
    tokens_cached: Generated<number>;
    tokens_out: Generated<number>;
    cost_usd: Generated<number>;
    wall_ms: Generated<number>;
    /** Attempts lost with the worker that ran them. */
    losses: Generated<number>;
    /** Fencing token: a writer with a lower one is refused. */
    fence: Generated<number>;
    /** Calls of a replay that met another key than recorded, or came where other calls are recorded. */
    divergences: Generated<number>;
    simulated: Generated<boolean>;
    /** The first start: the guest's clock shows it at each replay. */
    began_at: Generated<Date>;
    /** The total time counts from here; set anew when infrastructure had prevented it. */
    started_at: Generated<Date>;
    ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  /** One row per host call; its reply is written before the guest is answered. Primary key: execution, lineage, hash, occurrence. */
  journal: {
    execution: string;
    lineage: string;
    hash: string;
    occurrence: number;
    /** Order of arrival within the execution. */
    seq: number;
    method: string;
    args: unknown;
    /** `HostReply`; null while the call is in flight (durable mode hands calls to activities by reference to this row). */
    reply: unknown;
    tokens_in: Generated<number>;
    tokens_cached: Generated<number>;
    tokens_out: Generated<number>;
    cost_usd: Generated<number>;
    started_at: Date;
    ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  /** The program a generator wrote for a query; failed generations are stored too. */
  generations: {
    key: string;
    generator: string;
    revision: string;
    query_id: string;
    /** Key of the generation whose program this one repairs. */
    repairs: string | null;
    status: 'ok' | 'failed';
    failure_kind: string | null;
    failure_message: string | null;
    program_sha256: string | null;
    /** The whole reply, with the reasoning. */
    reply: string;
    tokens_in: number;
    tokens_out: number;
    cost_usd: number;
    simulated: boolean;
    created_at: Generated<Date>;
  };
  scores: {
    execution: string;
    /** Grader name and version. */
    grader: string;
    /** 0 to 1. */
    score: number;
    /** What the grader extracted and why it decided so. */
    verdict: unknown;
    created_at: Generated<Date>;
  };
}
