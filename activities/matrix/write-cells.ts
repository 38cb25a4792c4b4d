/** Writes the cells of a file into the store, some hundreds in a statement. */
import { sql } from 'kysely';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import type { CellRow } from './cell-row.ts';

export interface CheckedRow {
  readonly row: CellRow;
  /** Of its execution. */
  readonly seed: string;
}

/** `run`: that they come from. One parameter of JSON: a parameter per value would cost most of an import's time. */
export async function writeExecutions(
  database: Database,
  rows: readonly CheckedRow[],
  run: string,
): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ row, seed }) => ({
    ...{ key: row.key, tenant: row.tenant, query_id: row.query, program_sha256: row.program, seed },
    ...{ driver: row.driver, repeat: row.repeat, guest: row.guest, simulated: row.simulated },
    status: row.failure ? 'failed' : 'answered',
    failure_kind: row.failure ?? null,
    failure_message: row.failure_message ? toText(row.failure_message) : null,
    answer: row.failure ? null : toText(row.answer ?? ''),
    ...{ llm_calls: row.llm_calls, code_runs: row.code_runs, tokens_in: row.tokens_in },
    ...{ tokens_cached: row.tokens_cached, tokens_out: row.tokens_out, cost_usd: row.cost_usd },
  }));
  // What was begun here and left is taken over: a late attempt has a lower fence.
  await sql`
    insert into executions as e (key, tenant, run, query_id, program_sha256, driver, repeat, seed, guest, simulated, status,
      failure_kind, failure_message, answer, llm_calls, code_runs, tokens_in, tokens_cached, tokens_out, cost_usd, ended_at)
    select key, tenant, ${run}, query_id, program_sha256, driver, repeat, seed, guest, simulated, status,
      failure_kind, failure_message, answer, llm_calls, code_runs, tokens_in, tokens_cached, tokens_out, cost_usd, now()
    from json_to_recordset(${JSON.stringify(values)}::json) as given (
      key text, tenant text, query_id text, program_sha256 text, driver text, repeat integer, seed text, guest text,
      simulated boolean, status text, failure_kind text, failure_message text, answer text, llm_calls integer,
      code_runs integer, tokens_in bigint, tokens_cached bigint, tokens_out bigint, cost_usd numeric)
    on conflict (key) do update set
      run = excluded.run, status = excluded.status, failure_kind = excluded.failure_kind,
      failure_message = excluded.failure_message, answer = excluded.answer, llm_calls = excluded.llm_calls,
      code_runs = excluded.code_runs, tokens_in = excluded.tokens_in, tokens_cached = excluded.tokens_cached,
      tokens_out = excluded.tokens_out, cost_usd = excluded.cost_usd, simulated = excluded.simulated,
      guest = excluded.guest, ended_at = excluded.ended_at, fence = e.fence + 1`.execute(database);
}

export async function writeScores(database: Database, rows: readonly CellRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <V>(of: (row: CellRow) => V): V[] => rows.map(of);
  await sql`
    insert into scores (execution, grader, score, verdict)
    select execution, grader, score, verdict::json
    from unnest(${column(({ key }) => key)}::text[], ${column(({ grader }) => grader)}::text[],
      ${column(({ score }) => score)}::float8[],
      ${column(({ verdict }) => JSON.stringify(JSON.parse(verdict)))}::text[]) as given (execution, grader, score, verdict)
    on conflict do nothing`.execute(database);
}
