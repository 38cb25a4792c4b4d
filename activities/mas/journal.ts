/**
 * The journal in PostgreSQL: one row per host call of an execution. A reply is committed before the guest is answered.
 * Writes carry the attempt's fencing token; when a newer attempt has claimed the execution they fail with `Fence.Stale`.
 */
import { sql } from 'kysely';
import type { HostCall, HostReply } from '../../workflows/shared/program.ts';
import { failure } from '../failure.ts';
import { callFunction } from '../storage/call-function.ts';
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

interface WrittenRow {
  readonly written_execution: string;
  readonly written_seq: number;
}

/** True per row that was written. */
async function appendAll(database: Database, items: readonly Written[]): Promise<boolean[]> {
  const column = <V>(pick: (item: Written) => V): V[] => items.map(pick);
  const rows = await callFunction<WrittenRow>(database, 'journal_append', [
    column((i) => i.attempt.execution),
    column((i) => i.attempt.fence),
    column((i) => i.entry.lineage),
    column((i) => i.entry.hash),
    column((i) => i.entry.occurrence),
    column((i) => i.entry.seq),
    column((i) => i.entry.call.method),
    column((i) => i.args),
    column((i) => i.reply),
    column((i) => i.entry.tokensIn),
    column((i) => i.entry.tokensCached),
    column((i) => i.entry.tokensOut),
    column((i) => i.entry.costUsd),
    column((i) => i.entry.startedAtMs),
    column((i) => i.entry.endedAtMs),
  ]);
  const isWritten = membership(rows);
  return items.map(({ attempt, entry }) => isWritten(attempt.execution, entry.seq));
}

interface Replied {
  readonly execution: string;
  readonly seq: number;
  readonly reply: string;
  readonly usage: CallUsage;
}

/** True per row that took its reply. */
async function replyAll(database: Database, items: readonly Replied[]): Promise<boolean[]> {
  const column = <V>(pick: (item: Replied) => V): V[] => items.map(pick);
  const rows = await callFunction<WrittenRow>(database, 'journal_reply', [
    column((i) => i.execution),
    column((i) => i.seq),
    column((i) => i.reply),
    column((i) => i.usage.tokensIn),
    column((i) => i.usage.tokensCached),
    column((i) => i.usage.tokensOut),
    column((i) => i.usage.costUsd),
  ]);
  const isWritten = membership(rows);
  return items.map(({ execution, seq }) => isWritten(execution, seq));
}

function membership(rows: readonly WrittenRow[]): (execution: string, seq: number) => boolean {
  const written = new Set(rows.map((row) => `${row.written_execution}/${row.written_seq}`));
  return (execution, seq) => written.has(`${execution}/${seq}`);
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
