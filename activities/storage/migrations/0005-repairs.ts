/** tables/executions.ts: a generation may repair an earlier one, and keeps why its reply holds no program. */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const repairs: Migration = {
  async up(database) {
    await sql`alter table generations add column repairs text, add column failure_message text`.execute(
      database,
    );
    await sql`create index generations_by_generator on generations (generator, revision)`.execute(database);
  },
};
