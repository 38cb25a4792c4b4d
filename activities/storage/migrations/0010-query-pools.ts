/** tables/query-pools.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const queryPools: Migration = {
  async up(database) {
    await sql`
      create table query_pools (
        name text not null,
        version text not null,
        report text not null,
        queries integer not null,
        created_at timestamptz not null default now(),
        primary key (name, version)
      )`.execute(database);
  },
};
