/** tables/training-phase-times.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const trainingPhaseTimes: Migration = {
  async up(database) {
    await sql`
      create table training_phase_times (
        recipe_sha256 text not null,
        host text not null,
        phase text not null,
        seconds double precision[] not null,
        updated_at timestamptz not null default now(),
        primary key (recipe_sha256, host, phase)
      )`.execute(database);
  },
};
