/** Copies of checkpoints in a bucket: which are there, and whether they were read back whole. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const checkpointCopies: Migration = {
  async up(database) {
    await sql`
      create table training_checkpoint_copies (
        run text not null,
        step integer not null,
        epoch integer not null,
        place text not null,
        digest text not null,
        verified_at timestamptz,
        problem text,
        primary key (run, step, epoch, place)
      )`.execute(database);
  },
};
