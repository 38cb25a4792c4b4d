/** tables/llm.ts, and the functions of activities/llm. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';
import {
  beginFunction,
  budgetStateFunction,
  settleFunction,
  slotsFunction,
  takeFunction,
} from './0002-llm-functions.ts';

export const llm: Migration = {
  async up(database) {
    await sql`
      create table llm_calls (
        key text primary key,
        tenant text not null,
        run text not null,
        model text not null,
        revision text not null,
        state text not null check (state in ('pending', 'done', 'failed')),
        owner text not null,
        lease_until timestamptz not null,
        sends integer not null,
        request json not null,
        reply json,
        tokens_in bigint not null,
        tokens_cached bigint not null,
        tokens_out bigint not null,
        cost_usd numeric not null,
        latency_ms double precision not null,
        simulated boolean not null,
        created_at timestamptz not null default now(),
        done_at timestamptz
      )`.execute(database);
    await sql`create index llm_calls_by_run on llm_calls (run)`.execute(database);
    await sql`
      create table budgets (
        run text primary key,
        max_cost_usd numeric,
        max_tokens bigint,
        spent_cost_usd numeric not null default 0,
        spent_tokens bigint not null default 0,
        reserved_cost_usd numeric not null default 0,
        reserved_tokens bigint not null default 0
      )`.execute(database);
    await sql`
      create table budget_reservations (
        id text primary key,
        run text not null,
        cost_usd numeric not null,
        tokens bigint not null,
        lease_until timestamptz not null
      )`.execute(database);
    await sql`create index budget_reservations_by_run on budget_reservations (run, lease_until)`.execute(
      database,
    );
    await sql`
      create table model_limits (
        model text primary key,
        requests_level double precision not null,
        tokens_level double precision not null,
        refilled_at timestamptz not null,
        paused_until timestamptz
      )`.execute(database);
    await sql`
      create table model_slots (
        model text not null,
        owner text not null,
        slots integer not null,
        wanted integer not null,
        starved_since timestamptz,
        lease_until timestamptz not null,
        primary key (model, owner)
      )`.execute(database);
    for (const source of [beginFunction, budgetStateFunction, takeFunction, settleFunction, slotsFunction]) {
      await sql.raw(source).execute(database);
    }
  },
};
