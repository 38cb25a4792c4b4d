/** A registry of checkpoints: known from the save event on, with size, ranks and metrics, and the file operation still to do. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const checkpointRegistry: Migration = {
  async up(database) {
    await sql`
      alter table training_checkpoints
        drop constraint training_checkpoints_state_check,
        add constraint training_checkpoints_state_check
          check (state in ('saved', 'verified', 'quarantined', 'pruned')),
        alter column digest drop not null,
        alter column manifest drop not null,
        add column bytes bigint not null default 0,
        add column world_size integer not null default 1,
        add column metrics json,
        add column checked_at timestamptz,
        add column pending text check (pending in ('move', 'delete'))`.execute(database);
  },
};
