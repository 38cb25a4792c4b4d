/** tables/training-gpus.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const trainingGpus: Migration = {
  async up(database) {
    await sql`
      create table training_gpus (
        host text not null,
        uuid text not null,
        index integer not null,
        name text not null,
        memory_gib integer,
        pci text,
        present boolean not null,
        excluded text,
        run text,
        epoch integer,
        leased_at timestamptz,
        seen_at timestamptz not null,
        primary key (host, uuid),
        check ((run is null) = (epoch is null))
      )`.execute(database);
    await sql`
      create table training_gpu_waits (
        run text not null primary key,
        workflow_id text not null,
        since timestamptz not null default now()
      )`.execute(database);
  },
};
