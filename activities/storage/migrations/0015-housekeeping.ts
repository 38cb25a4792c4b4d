/** What garbage collection must know: the matrices of a run, and when a payload was last used. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const housekeeping: Migration = {
  async up(database) {
    await sql`
      create table run_plans (
        namespace text not null,
        run text not null,
        plan text not null,
        primary key (namespace, run, plan)
      )`.execute(database);
    await sql`alter table payloads add column used_at timestamptz not null default now()`.execute(database);
  },
};
