/**
 * The store: one PostgreSQL pool behind Kysely. A dropped connection never crashes the process: what was asked fails
 * with a retryable `Storage.Unavailable` (the mapping is in storage-failure.ts) and the pool connects anew.
 */
import { Kysely, Migrator, PostgresDialect } from 'kysely';
import type { Driver, PostgresDialectConfig } from 'kysely';
import pg from 'pg';
import { createMappedDriver } from './mapped-driver.ts';
import { migrations } from './migrations/index.ts';
import type { Database, Tables } from './tables.ts';

export interface DatabaseOptions {
  /** Connections at most; PostgreSQL allows 100 in all by default. */
  readonly max?: number;
}

/** Connects when first used. Close it with `database.destroy()`. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'masgpt',
    types: { getTypeParser },
  });
  // Without listeners, a connection that the server drops would end the process; the query under way fails by itself.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new Kysely<Tables>({ dialect: new StoreDialect({ pool }) });
}

/** Brings the database to this release's schema. Two processes at once are safe: the second waits for the first. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'masgpt_migrations',
    migrationLockTableName: 'masgpt_migrations_lock',
    // Branches of the product may add theirs in either order.
    allowUnorderedMigrations: true,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.includes('is missing')) {
    throw new Error(
      `the database was made by a newer release of masgpt: install that, or use another DATABASE_URL`,
      {
        cause: error,
      },
    );
  }
  throw error;
}

/** Identity of this store: processes compare it at start and refuse to work on different ones. */
export async function readStoreId(database: Database): Promise<string> {
  const row = await database.selectFrom('store').select('id').executeTakeFirstOrThrow();
  return row.id;
}

class StoreDialect extends PostgresDialect {
  constructor(config: PostgresDialectConfig) {
    super(config);
  }

  override createDriver(): Driver {
    return createMappedDriver(super.createDriver());
  }
}

/** int8, numeric -> number: counts, tokens and costs stay far below 2^53. */
const numericTypes = new Set<number>([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);

function getTypeParser(id: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return numericTypes.has(id) ? Number : (pg.types.getTypeParser(id, format) as (value: string) => unknown);
}
