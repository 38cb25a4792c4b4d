/**
 * The journal in PostgreSQL: one row per host call of an execution. A reply is committed before the guest is answered.
 * Writes carry the attempt's fencing token; when a newer attempt has claimed the execution they fail with `Fence.Stale`.
 */
import { sql } from 'kysely';
import type { HostCall, HostReply } from '../../workflows/shared/program.ts';
import { failure } from '../failure.ts';
import type { Database } from '../storage/tables.ts';
import { createGroupCommit } from './group-commit.ts';

export interface CallKey {
  readonly lineage: string;
  readonly hash: string;
  /** Counts equal calls within one lineage, from 0. */
  readonly occurrence: number;
}

export interface CallUsage {
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

export interface JournalEntry extends CallKey, CallUsage {
  /** Order of arrival within the execution, from 0; with the execution it addresses the row. */
  readonly seq: number;
  readonly call: HostCall;
  /** Null while the call is in flight. */
  readonly reply: HostReply | null;
  readonly startedAtMs: number;
  /** Set without a reply: the latest attempt to get one failed. */
  readonly endedAtMs: number | null;
}

export interface JournalReply {
  readonly seq: number;
  readonly reply: HostReply;
  readonly usage: CallUsage;
}

export interface Attempt {
  readonly execution: string;
  readonly fence: number;
}

export interface Journal {
  /** All rows of an execution, in order of arrival. */
  load(execution: string): Promise<JournalEntry[]>;
  /** Settles once the row is committed; rows of many executions share commits. */
  append(attempt: Attempt, entry: JournalEntry): Promise<void>;
  find(execution: string, seq: number): Promise<JournalEntry | null>;
  /** Replies that arrived meanwhile, for the given rows. */
  replies(execution: string, seqs: readonly number[]): Promise<JournalReply[]>;
  /** An attempt to answer the row failed for reasons that are not the program's. */
  missed(execution: string, seq: number): Promise<void>;
  /** Answers a row that is in flight; the first reply stands: false for a later one. Replies of many rows share commits. */
  reply(execution: string, seq: number, reply: HostReply, usage: CallUsage): Promise<boolean>;
}

export const noCallUsage: CallUsage = { tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 };

export function createJournal(database: Database): Journal {
  const group = createGroupCommit<Written, boolean>((items) => appendAll(database, items));
  const replies = createGroupCommit<Replied, boolean>((items) => replyAll(database, items));
  return {
    async load(execution) {
      const rows = await database
        .selectFrom('journal')
        .selectAll()
        .where('execution', '=', execution)
        .orderBy('seq')
        .execute();
      return rows.map(toEntry);
    },

    async append(attempt, entry) {
      const args = JSON.stringify(entry.call.args);
      const reply = entry.reply === null ? null : JSON.stringify(entry.reply);
      const written = await group.add({ attempt, entry, args, reply }, args.length + (reply?.length ?? 0));
      if (!written)
        throw failure('Fence.Stale', 'another attempt has taken this execution over: its result stands');
    },

    async find(execution, seq) {
      const row = await database
        .selectFrom('journal')
        .selectAll()
        .where('execution', '=', execution)
        .where('seq', '=', seq)
        .executeTakeFirst();
      return row ? toEntry(row) : null;
    },

    async replies(execution, seqs) {
      if (seqs.length === 0) return [];
      const rows = await database
        .selectFrom('journal')
        .select(['seq', 'reply', 'tokens_in', 'tokens_cached', 'tokens_out', 'cost_usd'])
        .where('execution', '=', execution)
        .where('seq', 'in', seqs)
        .where('reply', 'is not', null)
        .execute();
      return rows.map((row) => ({ seq: row.seq, reply: row.reply as HostReply, usage: toUsage(row) }));
    },

    async missed(execution, seq) {
      await database
        .updateTable('journal')
        .set({ ended_at: sql<Date>`now()` })
        .where('execution', '=', execution)
        .where('seq', '=', seq)
        .where('reply', 'is', null)
        .execute();
    },

    async reply(execution, seq, reply, usage) {
      const text = JSON.stringify(reply);
      return await replies.add({ execution, seq, reply: text, usage }, text.length);
    },
  };
}

interface Written {
  readonly attempt: Attempt;
  readonly entry: JournalEntry;
  readonly args: string;
  readonly reply: string | null;
}

/**
 * True per row that was written. The share lock holds a new claim back until this commit, so that it loads these rows.
 * Values travel as arrays, one per column: the statement stays the same for any number of rows.
 */
async function appendAll(database: Database, items: readonly Written[]): Promise<boolean[]> {
  const column = <V>(pick: (item: Written) => V): V[] => items.map(pick);
  const { rows } = await sql<{ execution: string; seq: number }>`
    with held as (
      select key, fence from executions
      where key = any(${[...new Set(column((i) => i.attempt.execution))]}::text[]) and status = 'running'
      order by key for share
    ), added as (
      select * from unnest(
        ${column((i) => i.attempt.execution)}::text[], ${column((i) => i.attempt.fence)}::integer[],
        ${column((i) => i.entry.lineage)}::text[], ${column((i) => i.entry.hash)}::text[],
        ${column((i) => i.entry.occurrence)}::integer[], ${column((i) => i.entry.seq)}::integer[],
        ${column((i) => i.entry.call.method)}::text[], ${column((i) => i.args)}::text[], ${column((i) => i.reply)}::text[],
        ${column((i) => i.entry.tokensIn)}::bigint[], ${column((i) => i.entry.tokensCached)}::bigint[],
        ${column((i) => i.entry.tokensOut)}::bigint[], ${column((i) => i.entry.costUsd)}::numeric[],
        ${column((i) => i.entry.startedAtMs)}::double precision[], ${column((i) => i.entry.endedAtMs)}::double precision[]
      ) as t (execution, fence, lineage, hash, occurrence, seq, method, args, reply,
              tokens_in, tokens_cached, tokens_out, cost_usd, started_at, ended_at)
    )
    insert into journal (execution, lineage, hash, occurrence, seq, method, args, reply,
                         tokens_in, tokens_cached, tokens_out, cost_usd, started_at, ended_at)
    select added.execution, lineage, hash, occurrence, seq, method, args::json, reply::json,
           tokens_in, tokens_cached, tokens_out, cost_usd,
           to_timestamp(started_at / 1000.0), to_timestamp(ended_at / 1000.0)
    from added join held on held.key = added.execution and held.fence = added.fence
    on conflict (execution, lineage, hash, occurrence) do update set reply = coalesce(journal.reply, excluded.reply)
    returning execution, seq`.execute(database);
  const written = new Set(rows.map(({ execution, seq }) => `${execution}/${seq}`));
  return items.map(({ attempt, entry }) => written.has(`${attempt.execution}/${entry.seq}`));
}

interface Replied {
  readonly execution: string;
  readonly seq: number;
  readonly reply: string;
  readonly usage: CallUsage;
}

/** True per row that took its reply. Rows are locked in one order, so that processes never deadlock. */
async function replyAll(database: Database, items: readonly Replied[]): Promise<boolean[]> {
  const column = <V>(pick: (item: Replied) => V): V[] => items.map(pick);
  const { rows } = await sql<{ execution: string; seq: number }>`
    with given as (
      select * from unnest(
        ${column((i) => i.execution)}::text[], ${column((i) => i.seq)}::integer[], ${column((i) => i.reply)}::text[],
        ${column((i) => i.usage.tokensIn)}::bigint[], ${column((i) => i.usage.tokensCached)}::bigint[],
        ${column((i) => i.usage.tokensOut)}::bigint[], ${column((i) => i.usage.costUsd)}::numeric[]
      ) as t (execution, seq, reply, tokens_in, tokens_cached, tokens_out, cost_usd)
    ), open as (
      select j.execution, j.seq from journal j join given using (execution, seq)
      where j.reply is null order by j.execution, j.seq for update of j
    )
    update journal j set reply = given.reply::json, tokens_in = given.tokens_in, tokens_cached = given.tokens_cached,
      tokens_out = given.tokens_out, cost_usd = given.cost_usd, ended_at = now()
    from open join given using (execution, seq)
    where j.execution = open.execution and j.seq = open.seq and j.reply is null
    returning j.execution, j.seq`.execute(database);
  const written = new Set(rows.map(({ execution, seq }) => `${execution}/${seq}`));
  return items.map(({ execution, seq }) => written.has(`${execution}/${seq}`));
}

function toUsage(row: Pick<Row, 'tokens_in' | 'tokens_cached' | 'tokens_out' | 'cost_usd'>): CallUsage {
  return {
    tokensIn: row.tokens_in,
    tokensCached: row.tokens_cached,
    tokensOut: row.tokens_out,
    costUsd: row.cost_usd,
  };
}

interface Row {
  readonly lineage: string;
  readonly hash: string;
  readonly occurrence: number;
  readonly seq: number;
  readonly method: string;
  readonly args: unknown;
  readonly reply: unknown;
  readonly tokens_in: number;
  readonly tokens_cached: number;
  readonly tokens_out: number;
  readonly cost_usd: number;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

function toEntry(row: Row): JournalEntry {
  return {
    lineage: row.lineage,
    hash: row.hash,
    occurrence: row.occurrence,
    seq: row.seq,
    call: { method: row.method, args: row.args } as HostCall,
    reply: row.reply as HostReply | null,
    ...toUsage(row),
    startedAtMs: row.started_at.getTime(),
    endedAtMs: row.ended_at === null ? null : row.ended_at.getTime(),
  };
}
