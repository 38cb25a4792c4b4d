/** tables/training.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const training: Migration = {
  async up(database) {
    await sql`
      create table training_attempts (
        run text not null,
        epoch integer not null,
        minted_by text not null,
        host text not null,
        boot_id text,
        pid integer,
        start_ticks text,
        directory text not null,
        resume_step integer,
        state text not null check (state in ('minted', 'running', 'ended')),
        outcome text,
        evidence json,
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        primary key (run, epoch),
        unique (run, minted_by)
      )`.execute(database);
    await sql`
      create table training_checkpoints (
        run text not null,
        step integer not null,
        epoch integer not null,
        directory text not null,
        digest text not null,
        manifest json not null,
        state text not null check (state in ('verified', 'quarantined', 'pruned')),
        reason text,
        created_at timestamptz not null default now(),
        primary key (run, step, epoch)
      )`.execute(database);
    await sql`
      create table artefacts (
        run text not null,
        sha256 text not null,
        directory text not null,
        recipe text not null,
        dataset_sha256 text not null,
        metrics json not null,
        created_at timestamptz not null default now(),
        primary key (run, sha256)
      )`.execute(database);
  },
};
