/** Epochs: a number per attempt that only rises within a run; the same caller gets the same one again. */
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';

export interface Minted {
  readonly epoch: number;
  readonly host: string;
}

/** `mintedBy` names the workflow run and the activity, so that a retry gets its own epoch back and nobody else's. */
export async function mintEpoch(
  database: Database,
  wanted: { readonly run: string; readonly mintedBy: string; readonly host: string },
): Promise<Minted> {
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`epoch ${wanted.run}`}, 0))`.execute(
      transaction,
    );
    const known = await transaction
      .selectFrom('training_attempts')
      .select(['epoch', 'host'])
      .where('run', '=', wanted.run)
      .where('minted_by', '=', wanted.mintedBy)
      .executeTakeFirst();
    if (known) return known;
    const { last } = await transaction
      .selectFrom('training_attempts')
      .select((row) => row.fn.max('epoch').as('last'))
      .where('run', '=', wanted.run)
      .executeTakeFirstOrThrow();
    const epoch = (last ?? 0) + 1;
    await transaction
      .insertInto('training_attempts')
      .values({
        run: wanted.run,
        epoch,
        minted_by: wanted.mintedBy,
        host: wanted.host,
        directory: '',
        state: 'minted',
      } as never)
      .execute();
    return { epoch, host: wanted.host };
  });
}
