/**
 * The journal's writes as functions: PostgreSQL keeps their plans, which cost more than the writes. Values travel as arrays, one
 * per column, so that rows of many executions share a round trip and a commit.
 */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const journalFunctions: Migration = {
  async up(database) {
    for (const source of [appendFunction, replyFunction]) await sql.raw(source).execute(database);
  },
};

/**
 * journal_append: the rows that were written. One of an attempt that no longer holds its execution is not. The share lock holds
 * a new claim back until this commit, so that it loads these rows.
 */
const appendFunction = `
create function journal_append(
  p_executions text[], p_fences integer[], p_lineages text[], p_hashes text[], p_occurrences integer[], p_seqs integer[],
  p_methods text[], p_args text[], p_replies text[], p_tokens_in bigint[], p_tokens_cached bigint[], p_tokens_out bigint[],
  p_cost numeric[], p_started_ms double precision[], p_ended_ms double precision[]
) returns table (written_execution text, written_seq integer) language plpgsql as $$
begin
  return query with held as (
    select key, fence from executions where key = any (p_executions) and status = 'running' order by key for share
  ), added as (
    select * from unnest(p_executions, p_fences, p_lineages, p_hashes, p_occurrences, p_seqs, p_methods, p_args, p_replies,
      p_tokens_in, p_tokens_cached, p_tokens_out, p_cost, p_started_ms, p_ended_ms)
      as t (execution, fence, lineage, hash, occurrence, seq, method, args, reply,
            tokens_in, tokens_cached, tokens_out, cost_usd, started_ms, ended_ms)
  )
  insert into journal (execution, lineage, hash, occurrence, seq, method, args, reply,
                       tokens_in, tokens_cached, tokens_out, cost_usd, started_at, ended_at)
  select added.execution, lineage, hash, occurrence, seq, method, args::json, reply::json,
         tokens_in, tokens_cached, tokens_out, cost_usd,
         to_timestamp(started_ms / 1000.0), to_timestamp(ended_ms / 1000.0)
  from added join held on held.key = added.execution and held.fence = added.fence
  on conflict (execution, lineage, hash, occurrence) do update set reply = coalesce(journal.reply, excluded.reply)
  returning execution, seq;
end $$`;

/** journal_reply: the rows that took their reply; the first one stands. Locks are taken in one order. */
const replyFunction = `
create function journal_reply(
  p_executions text[], p_seqs integer[], p_replies text[],
  p_tokens_in bigint[], p_tokens_cached bigint[], p_tokens_out bigint[], p_cost numeric[]
) returns table (written_execution text, written_seq integer) language plpgsql as $$
begin
  return query with given as (
    select * from unnest(p_executions, p_seqs, p_replies, p_tokens_in, p_tokens_cached, p_tokens_out, p_cost)
      as t (execution, seq, reply, tokens_in, tokens_cached, tokens_out, cost_usd)
  ), open as (
    select j.execution, j.seq from journal j join given using (execution, seq)
    where j.reply is null order by j.execution, j.seq for update of j
  )
  update journal j set reply = given.reply::json, tokens_in = given.tokens_in, tokens_cached = given.tokens_cached,
    tokens_out = given.tokens_out, cost_usd = given.cost_usd, ended_at = now()
  from open join given using (execution, seq)
  where j.execution = open.execution and j.seq = open.seq and j.reply is null
  returning j.execution, j.seq;
end $$`;
