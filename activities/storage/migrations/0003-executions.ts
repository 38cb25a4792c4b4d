/** tables/executions.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const executions: Migration = {
  async up(database) {
    await sql`
      create table executions (
        key text primary key,
        tenant text not null,
        run text not null,
        query_id text not null,
        program_sha256 text not null,
        driver text not null,
        repeat integer not null,
        seed text not null,
        guest text not null,
        status text not null check (status in ('running', 'answered', 'failed', 'infraFailed')),
        failure_kind text,
        failure_message text,
        answer text,
        llm_calls integer not null default 0,
        code_runs integer not null default 0,
        tokens_in bigint not null default 0,
        tokens_cached bigint not null default 0,
        tokens_out bigint not null default 0,
        cost_usd numeric not null default 0,
        wall_ms double precision not null default 0,
        losses integer not null default 0,
        fence integer not null default 1,
        divergences integer not null default 0,
        simulated boolean not null default false,
        started_at timestamptz not null default now(),
        ended_at timestamptz
      )`.execute(database);
    await sql`create index executions_by_run on executions (run)`.execute(database);
    await sql`
      create table journal (
        execution text not null references executions (key) on delete cascade,
        lineage text not null,
        hash text not null,
        occurrence integer not null,
        seq integer not null,
        method text not null,
        args json not null,
        reply json,
        tokens_in bigint not null default 0,
        tokens_cached bigint not null default 0,
        tokens_out bigint not null default 0,
        cost_usd numeric not null default 0,
        started_at timestamptz not null,
        ended_at timestamptz,
        primary key (execution, lineage, hash, occurrence),
        unique (execution, seq)
      )`.execute(database);
    await sql`
      create table generations (
        key text primary key,
        generator text not null,
        revision text not null,
        query_id text not null,
        status text not null check (status in ('ok', 'failed')),
        failure_kind text,
        program_sha256 text,
        reply text not null,
        tokens_in bigint not null,
        tokens_out bigint not null,
        cost_usd numeric not null,
        simulated boolean not null,
        created_at timestamptz not null default now()
      )`.execute(database);
    await sql`
      create table scores (
        execution text not null references executions (key) on delete cascade,
        grader text not null,
        score double precision not null,
        verdict json not null,
        created_at timestamptz not null default now(),
        primary key (execution, grader)
      )`.execute(database);
  },
};
