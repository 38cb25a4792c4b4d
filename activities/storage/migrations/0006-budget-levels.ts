/**
 * tables/llm.ts: budgets form a chain (run, parent run, tenant) and are keyed with the namespace; tables/runs.ts: a run
 * names its parent. What was spent is kept; what was reserved is not, since its calls settle by themselves.
 */
import { sql } from 'kysely';
import type { Migration } from 'kysely';
import {
  beginFunction,
  budgetStateFunction,
  chainFunction,
  settleFunction,
} from './0006-budget-functions.ts';

export const budgetLevels: Migration = {
  async up(database) {
    await sql`alter table runs add column parent text`.execute(database);
    await sql`delete from budget_reservations`.execute(database);
    await sql`
      alter table budget_reservations drop constraint budget_reservations_pkey`.execute(database);
    await sql`alter table budget_reservations rename column run to level`.execute(database);
    await sql`alter table budget_reservations add primary key (id, level)`.execute(database);
    await sql`alter index budget_reservations_by_run rename to budget_reservations_by_level`.execute(
      database,
    );
    await sql`alter table budgets rename column run to level`.execute(database);
    await sql`
      alter table budgets
        add column above text[] not null default '{}',
        add column period text not null default 'total' check (period in ('total', 'day')),
        add column period_start date not null default (now() at time zone 'utc')::date`.execute(database);
    await sql`
      insert into budgets (level, above, max_cost_usd, max_tokens, spent_cost_usd, spent_tokens)
        select r.namespace || '/' || b.level, array['tenant/' || r.tenant], b.max_cost_usd, b.max_tokens,
            b.spent_cost_usd, b.spent_tokens
          from budgets b join runs r on r.kind || '/' || r.name = b.level`.execute(database);
    await sql`
      delete from budgets where level in (select kind || '/' || name from runs) and above = '{}'`.execute(
      database,
    );
    for (const old of [
      'llm_begin(text[], text[], text[], text[], text[], text[], text[], boolean[], numeric[], bigint[], double precision[], double precision[], double precision)',
      'llm_budget_state(text, numeric, bigint)',
      'llm_settle(text[], text[], text[], text[], text[], boolean[], bigint[], bigint[], bigint[], numeric[], double precision[], boolean[], double precision[], double precision[])',
    ]) {
      await sql.raw(`drop function ${old}`).execute(database);
    }
    for (const source of [chainFunction, budgetStateFunction, beginFunction, settleFunction]) {
      await sql.raw(source).execute(database);
    }
  },
};
