/**
 * The calls' rows in PostgreSQL: what is asked at the same time goes in one round trip (the functions of migrations/
 * hold the decisions). Rows of calls under way are leased, and the leases renewed while this process lives.
 */
import { sql } from 'kysely';
import { createGroupCommit } from '../mas/group-commit.ts';
import { callFunction } from '../storage/call-function.ts';
import type { Database } from '../storage/tables.ts';
import type { ChatReply } from './chat.ts';

export interface BeginCall {
  readonly key: string;
  /** Unique per sending: the fence of the row and the id of its reservation. */
  readonly owner: string;
  readonly tenant: string;
  readonly run: string;
  /** Where its chain of budgets begins: NAMESPACE/KIND/NAME. */
  readonly level: string;
  readonly model: string;
  readonly revision: string;
  /** Canonical JSON. */
  readonly request: string;
  readonly simulated: boolean;
  /** The most it may cost. */
  readonly costUsd: number;
  readonly tokens: number;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
}

export type Begun =
  | { readonly status: 'recorded'; readonly reply: ChatReply }
  /** Another owner is sending it; its lease ends in `waitMs`. */
  | { readonly status: 'held'; readonly waitMs: number }
  /** The model's rate, or a pause after a 429. */
  | { readonly status: 'limited'; readonly waitMs: number }
  | { readonly status: 'budget'; readonly spent: SpentLevel }
  /** What is left of the level is reserved by calls in flight. */
  | { readonly status: 'reserved'; readonly spent: SpentLevel }
  /** `sends` counts this one. */
  | { readonly status: 'send'; readonly sends: number };

/** A level of the chain that has no room, as it stands. */
export interface SpentLevel {
  /** NAMESPACE/KIND/NAME or tenant/NAME. */
  readonly level: string;
  readonly period: 'total' | 'day';
  readonly maxCostUsd: number | null;
  readonly costUsd: number;
  readonly maxTokens: number | null;
  readonly tokens: number;
}

export interface SettleCall {
  readonly key: string;
  readonly owner: string;
  readonly tenant: string;
  readonly level: string;
  readonly model: string;
  /** Undefined for a failed call, which is not kept. */
  readonly reply: ChatReply | undefined;
  readonly unsent: boolean;
  readonly latencyMs: number;
  /** Tokens taken from the bucket and not used; negative when more were used. */
  readonly refund: number;
  readonly pauseMs: number;
}

export interface CallStore {
  begin(call: BeginCall): Promise<Begun>;
  /** False when another owner has taken the call over. Repeating it changes nothing. */
  settle(call: SettleCall): Promise<boolean>;
  close(): void;
}

interface BegunRow {
  readonly item: number;
  readonly status: Begun['status'];
  readonly reply: ChatReply;
  readonly wait_ms: number;
  readonly sent: number;
  readonly spent: SpentLevel;
}

export function createCallStore(database: Database, leaseMs: number): CallStore {
  /** Owner -> key of what this process is sending. */
  const inFlight = new Map<string, string>();
  const begins = createGroupCommit<BeginCall, Begun>((calls) => beginAll(database, calls, leaseMs));
  const settles = createGroupCommit<SettleCall, boolean>((calls) => settleAll(database, calls));
  const timer = setInterval(() => {
    if (inFlight.size > 0) void renew(database, inFlight, leaseMs).catch(() => {});
  }, leaseMs / 3).unref();
  return {
    async begin(call) {
      const begun = await begins.add(call, call.request.length);
      if (begun.status === 'send') inFlight.set(call.owner, call.key);
      return begun;
    },
    async settle(call) {
      const accepted = await settles.add(call, call.reply?.text.length ?? 0);
      inFlight.delete(call.owner);
      return accepted;
    },
    close: () => clearInterval(timer),
  };
}

async function beginAll(database: Database, calls: readonly BeginCall[], leaseMs: number): Promise<Begun[]> {
  const ordered = calls
    .map((call, index) => ({ call, index }))
    .toSorted((a, b) => (a.call.key < b.call.key ? -1 : 1));
  const column = <T>(pick: (call: BeginCall) => T): T[] => ordered.map(({ call }) => pick(call));
  const rows = await callFunction<BegunRow>(database, 'llm_begin', [
    column((call) => call.key),
    column((call) => call.owner),
    column((call) => call.tenant),
    column((call) => call.run),
    column((call) => call.level),
    column((call) => call.model),
    column((call) => call.revision),
    column((call) => call.request),
    column((call) => call.simulated),
    column((call) => call.costUsd),
    column((call) => call.tokens),
    column((call) => call.rpm ?? null),
    column((call) => call.tpm ?? null),
    leaseMs,
  ]);
  const results: Begun[] = [];
  for (const row of rows) {
    const place = ordered[row.item];
    if (place) results[place.index] = begunOf(row);
  }
  return results;
}

function begunOf(row: BegunRow): Begun {
  switch (row.status) {
    case 'recorded':
      return { status: 'recorded', reply: row.reply };
    case 'held':
    case 'limited':
      return { status: row.status, waitMs: row.wait_ms };
    case 'send':
      return { status: 'send', sends: row.sent };
    default:
      return { status: row.status, spent: row.spent };
  }
}

async function settleAll(database: Database, calls: readonly SettleCall[]): Promise<boolean[]> {
  const column = <T>(pick: (call: SettleCall) => T): T[] => calls.map(pick);
  const rows = await callFunction<{ item: number; accepted: boolean }>(database, 'llm_settle', [
    column((call) => call.key),
    column((call) => call.owner),
    column((call) => call.tenant),
    column((call) => call.level),
    column((call) => call.model),
    column((call) => (call.reply ? JSON.stringify(call.reply) : null)),
    column((call) => call.unsent),
    column((call) => call.reply?.usage.tokensIn ?? 0),
    column((call) => call.reply?.usage.tokensCached ?? 0),
    column((call) => call.reply?.usage.tokensOut ?? 0),
    column((call) => call.reply?.costUsd ?? 0),
    column((call) => call.latencyMs),
    column((call) => call.reply?.simulated ?? false),
    column((call) => call.refund),
    column((call) => call.pauseMs),
  ]);
  const results: boolean[] = [];
  for (const row of rows) results[row.item] = row.accepted;
  return results;
}

async function renew(
  database: Database,
  inFlight: ReadonlyMap<string, string>,
  leaseMs: number,
): Promise<void> {
  const owners = [...inFlight.keys()];
  const until = sql`clock_timestamp() + ${leaseMs} * interval '1 ms'`;
  await sql`
    with mine as (
      select key from llm_calls where key = any (${[...inFlight.values()]}) and owner = any (${owners}) and state = 'pending'
        order by key for update
    ) update llm_calls set lease_until = ${until} from mine where llm_calls.key = mine.key`.execute(database);
  await sql`update budget_reservations set lease_until = ${until} where id = any (${owners})`.execute(
    database,
  );
}
