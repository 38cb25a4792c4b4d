/**
 * Work at a model that is no chat call: the run's chain of budgets (migrations/0006-budget-functions.ts) is reserved before it is
 * asked for, and charged in the transaction that records what came of it. A process that dies gives back what it reserved.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';
import type { Call } from './chat.ts';
import type { SpentLevel } from './call-store.ts';
import { budgetExceeded } from './spent-budget.ts';

export type Payer = Pick<Call, 'tenant' | 'namespace' | 'run'>;

export interface Spending {
  readonly costUsd: number;
  readonly tokens: number;
}

export interface PaidWork<T extends Spending> {
  readonly payer: Payer;
  /** The most it may cost. */
  readonly worst: Spending;
  /** Longer than the work takes. */
  readonly leaseMs: number;
  readonly work: () => Promise<T>;
  /** In one transaction with the charge, before any other may see either. */
  readonly record: (transaction: Database, done: T) => Promise<void>;
  readonly signal: AbortSignal;
}

/** While calls in flight hold the rest of a budget. */
const pollMs = 200;

/** Throws `Budget.Exceeded`, and what the work and the store throw; what was reserved is then free again. */
export async function payFor<T extends Spending>(database: Database, paid: PaidWork<T>): Promise<T> {
  const id = `work.${randomBytes(12).toString('base64url')}`;
  for (;;) {
    paid.signal.throwIfAborted();
    const { state, spent } = await reserve(database, id, paid);
    if (state === 'free') break;
    if (state === 'budget') throw budgetExceeded(spent as SpentLevel, paid.payer.run, paid.worst);
    await sleep(pollMs, undefined, { signal: paid.signal }).catch(() => {});
  }
  try {
    const done = await paid.work();
    await database.transaction().execute(async (transaction) => {
      await settle(transaction, id, paid.payer, done);
      await paid.record(transaction, done);
    });
    return done;
  } catch (error) {
    // Where the store is away, the lease ends by itself.
    await database
      .transaction()
      .execute((transaction) => settle(transaction, id, paid.payer, { costUsd: 0, tokens: 0 }))
      .catch(() => {});
    throw error;
  }
}

interface Verdict {
  readonly state: 'free' | 'reserved' | 'budget';
  readonly spent: SpentLevel | null;
}

function reserve(
  database: Database,
  id: string,
  { payer, worst, leaseMs }: Pick<PaidWork<Spending>, 'payer' | 'worst' | 'leaseMs'>,
): Promise<Verdict> {
  const chain = chainOf(payer);
  const { costUsd, tokens } = worst;
  return database.transaction().execute(async (transaction) => {
    await lockLevels(transaction, payer);
    const { rows } = await sql<Verdict>`
      select state, spent from llm_budget_state(${chain}, ${costUsd}::numeric, ${tokens}::bigint)`.execute(
      transaction,
    );
    const verdict = rows[0] as Verdict;
    if (verdict.state !== 'free') return verdict;
    await sql`
      with held as (
        update budgets set reserved_cost_usd = reserved_cost_usd + ${costUsd}::numeric, reserved_tokens = reserved_tokens + ${tokens}::bigint
          where level = any (${chain}) and (max_cost_usd is not null or max_tokens is not null)
          returning level
      ) insert into budget_reservations (id, level, cost_usd, tokens, lease_until)
        select ${id}, held.level, ${costUsd}::numeric, ${tokens}::bigint, clock_timestamp() + ${leaseMs} * interval '1 ms'
          from held`.execute(transaction);
    return verdict;
  });
}

/** As llm_settle does: the reservation goes, and every level of the chain is charged. */
async function settle(
  transaction: Database,
  id: string,
  payer: Payer,
  { costUsd, tokens }: Spending,
): Promise<void> {
  await lockLevels(transaction, payer);
  const today = sql`(clock_timestamp() at time zone 'utc')::date`;
  await sql`
    with freed as (
      delete from budget_reservations where id = ${id} returning level, cost_usd, tokens
    ) update budgets b set reserved_cost_usd = b.reserved_cost_usd - f.cost_usd, reserved_tokens = b.reserved_tokens - f.tokens
      from freed f where f.level = b.level`.execute(transaction);
  await sql`
    update budgets b set
      spent_cost_usd = case when b.period = 'day' and b.period_start < ${today} then 0 else b.spent_cost_usd end + ${costUsd}::numeric,
      spent_tokens = case when b.period = 'day' and b.period_start < ${today} then 0 else b.spent_tokens end + ${tokens}::bigint,
      period_start = case when b.period = 'day' then ${today} else b.period_start end
    where b.level = any (${chainOf(payer)})`.execute(transaction);
}

/** In the order in which all lock them. */
async function lockLevels(transaction: Database, payer: Payer): Promise<void> {
  await sql`select 1 from budgets where level = any (${chainOf(payer)}) order by level for update`.execute(
    transaction,
  );
}

function chainOf({ namespace, run, tenant }: Payer) {
  return sql`llm_budget_chain(${`${namespace}/${run}`}, ${tenant})`;
}
