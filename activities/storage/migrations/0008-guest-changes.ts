/** tables/executions.ts: an execution counts how often it went on with another guest, and keeps the start of its clock. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const guestChanges: Migration = {
  async up(database) {
    await sql`
      alter table executions
        add column guest_changes integer not null default 0,
        add column began_at timestamptz not null default now()`.execute(database);
    await sql`update executions set began_at = started_at`.execute(database);
  },
};
