/** tables/training.ts: the model that an attempt began with. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const trainingModels: Migration = {
  async up(database) {
    await sql`alter table training_attempts add column config_sha text, add column model_sha256 text`.execute(
      database,
    );
  },
};
