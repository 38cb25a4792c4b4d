/** The matrices that a run works on, by which garbage collection knows what the run can need. */
import { sql } from 'kysely';
import type { Database } from './tables.ts';

/** PostgreSQL's advisory lock: held exclusively while garbage is collected. */
export const collectionLock = sql<number>`hashtextextended('masgpt.gc', 0)`;

export interface RunPlan {
  readonly namespace: string;
  /** KIND/NAME. */
  readonly run: string;
  /** Blob of the `Plan`. */
  readonly plan: string;
}

/** Before any cell of it is read. Waits while garbage is collected. */
export async function recordPlan(database: Database, plan: RunPlan): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock_shared(${collectionLock})`.execute(transaction);
    await transaction
      .insertInto('run_plans')
      .values(plan)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}
