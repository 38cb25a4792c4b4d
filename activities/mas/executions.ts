/**
 * Rows of `executions`: claimed with a rising fencing token before a program starts, settled once. A claim of the same run
 * takes over at once (its earlier attempt is lost); one of another run waits while the holder is alive.
 */
import { sql } from 'kysely';
import type { ProgramFailureKind } from '../../workflows/shared/program.ts';
import type { Usage } from '../../workflows/shared/usage.ts';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import type { Attempt } from './journal.ts';

/** A finished execution. A program's failure is data: `status` says which. */
export interface Execution {
  readonly key: string;
  readonly status: 'answered' | 'failed';
  /** Empty unless `status` is `answered`. */
  readonly answer: string;
  readonly failure: { readonly kind: ProgramFailureKind; readonly message: string } | null;
  /** At recorded cost, replies from the call record included. */
  readonly usage: Usage;
  readonly codeRuns: number;
  readonly wallMs: number;
  /** Attempts that were lost with their worker. */
  readonly losses: number;
  /** Calls of a replay that are not those recorded; each may have cost a new call. */
  readonly divergences: number;
  /** How often it went on with another guest than the one it began with. */
  readonly guestChanges: number;
  readonly simulated: boolean;
  /** Found finished: this time nothing ran and nothing was paid. */
  readonly stored: boolean;
}

export interface ExecutionRow {
  readonly key: string;
  readonly tenant: string;
  readonly run: string;
  readonly queryId: string;
  readonly programSha256: string;
  readonly driver: string;
  readonly repeat: number;
  readonly seed: string;
  readonly guest: string;
  readonly simulated: boolean;
}

export interface Claim extends Attempt {
  /** Where the program's clock starts, each time it runs. */
  readonly clockMs: number;
  /** Its total time counts from here. */
  readonly startedAtMs: number;
  /** The guest it began with. */
  readonly guest: string;
  /** An earlier attempt began it, so the journal may hold rows. */
  readonly begun: boolean;
  readonly losses: number;
  readonly guestChanges: number;
}

export type ExecutionEnd = Omit<Execution, 'key' | 'losses' | 'guestChanges' | 'stored'>;

export interface ClaimOptions {
  /** An attempt of the same run is waited for, too. */
  readonly patient?: boolean;
  /** The time since the last sign of an attempt does not count as the program's. */
  readonly leavesOutages?: boolean;
}

export interface Executions {
  /** `busy`: another attempt executes it right now. */
  claim(row: ExecutionRow, options?: ClaimOptions): Promise<Claim | Execution | 'busy'>;
  find(key: string): Promise<Execution | null>;
  /** From now on it runs with this guest. `counted`: its journal was written with another. */
  changeGuest(attempt: Attempt, guest: string, counted: boolean): Promise<void>;
  /** False when a newer attempt holds the execution, or it has ended already. */
  finish(attempt: Attempt, end: ExecutionEnd): Promise<boolean>;
  /** An orderly end without a result (cancelled, budget spent, outage): not a loss, and free for the next claim. */
  release(attempt: Attempt): Promise<void>;
  /** Infrastructure prevented it; the next claim tries again with a clean count of losses. */
  markInfraFailed(key: string, message: string): Promise<void>;
}

export function isClaim(claimed: Claim | Execution | 'busy'): claimed is Claim {
  return claimed !== 'busy' && 'fence' in claimed;
}

export function createExecutions(database: Database): Executions {
  const find = async (key: string): Promise<Execution | null> => {
    const row = await database.selectFrom('executions').selectAll().where('key', '=', key).executeTakeFirst();
    if (row?.status !== 'answered' && row?.status !== 'failed') return null;
    return {
      key,
      status: row.status,
      answer: row.answer ?? '',
      failure:
        row.status === 'answered'
          ? null
          : {
              kind: (row.failure_kind ?? 'raised') as ProgramFailureKind,
              message: row.failure_message ?? '',
            },
      usage: {
        llmCalls: row.llm_calls,
        tokensIn: row.tokens_in,
        tokensCached: row.tokens_cached,
        tokensOut: row.tokens_out,
        costUsd: row.cost_usd,
      },
      codeRuns: row.code_runs,
      wallMs: row.wall_ms,
      losses: row.losses,
      divergences: row.divergences,
      guestChanges: row.guest_changes,
      simulated: row.simulated,
      stored: true,
    };
  };

  return {
    find,

    async claim(row, options) {
      const claimed = await insertOrTakeOver(database, row, options);
      if (claimed) return claimed;
      return (await find(row.key)) ?? 'busy';
    },

    async changeGuest({ execution, fence }, guest, counted) {
      await database
        .updateTable('executions')
        .set((row) => ({ guest, guest_changes: row('guest_changes', '+', counted ? 1 : 0) }))
        .where('key', '=', execution)
        .where('fence', '=', fence)
        .where('guest', '!=', guest)
        .execute();
    },

    async finish({ execution, fence }, end) {
      const result = await database
        .updateTable('executions')
        .set({
          status: end.status,
          failure_kind: end.failure?.kind ?? null,
          failure_message: end.failure ? toText(end.failure.message) : null,
          answer: end.status === 'answered' ? toText(end.answer) : null,
          llm_calls: end.usage.llmCalls,
          code_runs: end.codeRuns,
          tokens_in: end.usage.tokensIn,
          tokens_cached: end.usage.tokensCached,
          tokens_out: end.usage.tokensOut,
          cost_usd: end.usage.costUsd,
          wall_ms: end.wallMs,
          divergences: end.divergences,
          simulated: end.simulated,
          ended_at: sql<Date>`now()`,
        })
        .where('key', '=', execution)
        .where('fence', '=', fence)
        .where('status', '=', 'running')
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async release({ execution, fence }) {
      await database
        .updateTable('executions')
        .set({ ended_at: sql<Date>`now()` })
        .where('key', '=', execution)
        .where('fence', '=', fence)
        .where('status', '=', 'running')
        .execute();
    },

    async markInfraFailed(key, message) {
      await database
        .updateTable('executions')
        .set({ status: 'infraFailed', failure_message: toText(message), ended_at: sql<Date>`now()` })
        .where('key', '=', key)
        .where('status', 'in', ['running', 'infraFailed'])
        .execute();
    },
  };
}

/** `ended_at` while `running` marks a released execution. A holder without a call for a minute is taken for dead. */
async function insertOrTakeOver(
  database: Database,
  row: ExecutionRow,
  { patient = false, leavesOutages = false }: ClaimOptions = {},
): Promise<Claim | null> {
  const { rows } = await sql<ClaimedRow>`
    insert into executions as e
      (key, tenant, run, query_id, program_sha256, driver, repeat, seed, guest, status, simulated)
    values (${row.key}, ${row.tenant}, ${row.run}, ${row.queryId}, ${row.programSha256}, ${row.driver}, ${row.repeat},
            ${row.seed}, ${row.guest}, 'running', ${row.simulated})
    on conflict (key) do update set
      fence = e.fence + 1,
      run = excluded.run,
      losses = case when e.status = 'infraFailed' then 0 when e.ended_at is null then e.losses + 1 else e.losses end,
      started_at = case when e.status = 'infraFailed' then now()
        when ${leavesOutages}::boolean then e.started_at + (now() - least(now(), greatest(e.started_at, e.ended_at, (
          select max(greatest(j.started_at, j.ended_at)) from journal j where j.execution = e.key))))
        else e.started_at end,
      status = 'running',
      ended_at = null,
      failure_message = null
    where e.status = 'infraFailed' or (e.status = 'running' and (
      (e.run = excluded.run and not ${patient}::boolean) or e.ended_at is not null
      or (e.started_at < now() - interval '1 minute' and not exists (
        select 1 from journal j
        where j.execution = e.key and greatest(j.started_at, j.ended_at) > now() - interval '1 minute'))))
    returning fence, began_at, started_at, losses, guest, guest_changes`.execute(database);
  const [claimed] = rows;
  if (!claimed) return null;
  return {
    execution: row.key,
    fence: claimed.fence,
    clockMs: claimed.began_at.getTime(),
    startedAtMs: claimed.started_at.getTime(),
    begun: claimed.fence > 1,
    losses: claimed.losses,
    guest: claimed.guest,
    guestChanges: claimed.guest_changes,
  };
}

interface ClaimedRow {
  readonly fence: number;
  readonly began_at: Date;
  readonly started_at: Date;
  readonly losses: number;
  readonly guest: string;
  readonly guest_changes: number;
}
