/** tables/embeddings.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const embeddings: Migration = {
  async up(database) {
    await sql`
      create table embeddings (
        embedder text not null,
        text_sha256 text not null,
        vector bytea not null,
        tokens double precision not null default 0,
        cost_usd double precision not null default 0,
        created_at timestamptz not null default now(),
        primary key (embedder, text_sha256)
      )`.execute(database);
  },
};
