/** tables/runs.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const runs: Migration = {
  async up(database) {
    await sql`
      create table store (
        id text primary key,
        created_at timestamptz not null default now()
      )`.execute(database);
    await sql`insert into store (id) values (gen_random_uuid()::text)`.execute(database);
    await sql`
      create table runs (
        namespace text not null,
        kind text not null,
        name text not null,
        tenant text not null,
        workflow_id text not null,
        first_run_id text not null,
        run_id text not null,
        input_hash text not null,
        input json not null,
        state text not null check (state in ('running', 'succeeded', 'failed', 'cancelled', 'terminated')),
        result json,
        cause text,
        llm_calls bigint not null default 0,
        tokens_in bigint not null default 0,
        tokens_out bigint not null default 0,
        cost_usd numeric not null default 0,
        simulated boolean not null default false,
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        primary key (namespace, kind, name)
      )`.execute(database);
    await sql`create index runs_by_start on runs (started_at desc)`.execute(database);
    await sql`create index runs_open on runs (namespace) where state = 'running'`.execute(database);
    await sql`
      create table payloads (
        sha256 text primary key,
        data bytea not null,
        created_at timestamptz not null default now()
      )`.execute(database);
  },
};
