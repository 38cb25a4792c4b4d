/** tables/matrix.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const matrix: Migration = {
  async up(database) {
    await sql`
      create table matrix_steering (
        key text primary key,
        version integer not null,
        held boolean not null,
        executions_at_once integer,
        updated_at timestamptz not null default now()
      )`.execute(database);
    await sql`
      create table matrix_imports (
        run text primary key,
        file_sha256 text not null,
        cells_sha256 text not null,
        cells integer not null,
        written integer not null,
        site text,
        release text,
        exported_at timestamptz,
        imported_at timestamptz not null default now()
      )`.execute(database);
  },
};
