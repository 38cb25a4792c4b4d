/** tables/training-operations.ts */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const trainingOperations: Migration = {
  async up(database) {
    await sql`
      create table training_operations (
        run text not null,
        workflow_run_id text not null,
        update_id text not null,
        operation text not null,
        operator text not null,
        identity text not null,
        why text not null,
        argument text not null,
        at timestamptz not null,
        primary key (run, workflow_run_id, update_id)
      )`.execute(database);
  },
};
