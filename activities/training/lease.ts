/** `lease.json` of a run on this host: the newest epoch there is. A shim of a lower one stops its trainer, or never starts it. */
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';
import { runDirectory, writeWhole } from './layout.ts';

/**
 * Names what the database holds, under the lock that mints (mint-epoch.ts): a launch that is late must not lower the lease
 * of a newer one, or its own trainer would start beside that one's.
 */
export async function raiseLease(database: Database, root: string, run: string): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`epoch ${run}`}, 0))`.execute(transaction);
    const { epoch } = await transaction
      .selectFrom('training_attempts')
      .select((row) => row.fn.max('epoch').as('epoch'))
      .where('run', '=', run)
      .executeTakeFirstOrThrow();
    await writeWhole(join(runDirectory(root, run), 'lease.json'), JSON.stringify({ epoch }));
  });
}
