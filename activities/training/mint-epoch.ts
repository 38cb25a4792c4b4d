/** Epochs: a number per attempt that only rises within a run; the same caller gets the same one again. */
import { sql } from 'kysely';
import type { NoGpus, Unproved } from '../../workflows/training/contract.ts';
import type { Database } from '../storage/tables.ts';
import { chooseGpus, leaseGpus } from './gpus/lease.ts';
import type { AskedGpus } from './recipe.ts';

export interface Minted {
  readonly epoch: number;
  readonly host: string;
}

export interface Wanted {
  readonly run: string;
  /** WORKFLOW_ID:RUN_ID:ACTIVITY of the launch, so that a retry gets its own epoch back and nobody else's. */
  readonly mintedBy: string;
  readonly host: string;
  /** Leased with the epoch. */
  readonly gpus?: AskedGpus | undefined;
}

export function mintEpoch(database: Database, wanted: Wanted): Promise<Minted> {
  return locked(database, wanted.run, (transaction) => mint(transaction, wanted));
}

/** As `mintEpoch`; but none while an older attempt on another host is not proved dead (only that host can prove it), nor without the GPUs. */
export function mintProved(
  database: Database,
  wanted: Wanted,
): Promise<({ readonly kind: 'minted' } & Minted) | Unproved | NoGpus> {
  return locked(database, wanted.run, async (transaction) => {
    const known = await findMinted(transaction, wanted);
    if (known) return { kind: 'minted', ...known };
    const foreign = await transaction
      .selectFrom('training_attempts')
      .select(['epoch', 'host'])
      .where('run', '=', wanted.run)
      .where('state', '!=', 'ended')
      .where('host', '!=', wanted.host)
      .orderBy('epoch')
      .executeTakeFirst();
    if (foreign) return { kind: 'unproved', ...foreign };
    if (!wanted.gpus) return { kind: 'minted', ...(await mint(transaction, wanted)) };
    const choice = await chooseGpus(transaction, { ...wanted, asked: wanted.gpus });
    if (choice.kind === 'noGpus') return choice;
    const minted = await mint(transaction, wanted);
    await leaseGpus(transaction, { run: wanted.run, ...minted }, choice.uuids);
    return { kind: 'minted', ...minted };
  });
}

/** Who minted the newest epoch of the run. */
export async function newestMinter(database: Database, run: string): Promise<string> {
  const newest = await database
    .selectFrom('training_attempts')
    .select('minted_by')
    .where('run', '=', run)
    .orderBy('epoch', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return newest.minted_by;
}

function locked<T>(database: Database, run: string, work: (transaction: Database) => Promise<T>): Promise<T> {
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`epoch ${run}`}, 0))`.execute(transaction);
    return work(transaction);
  });
}

function findMinted(transaction: Database, { run, mintedBy }: Wanted): Promise<Minted | undefined> {
  return transaction
    .selectFrom('training_attempts')
    .select(['epoch', 'host'])
    .where('run', '=', run)
    .where('minted_by', '=', mintedBy)
    .executeTakeFirst();
}

async function mint(transaction: Database, wanted: Wanted): Promise<Minted> {
  const known = await findMinted(transaction, wanted);
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
}
