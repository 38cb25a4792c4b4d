/** The stored pools: a row per name and version; queries and reports are blobs. */
import { sql } from 'kysely';
import { sha256Schema } from '../../../workflows/shared/names.ts';
import { failure } from '../../failure.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/tables.ts';
import { type PoolReport, poolReportSchema } from './pool-report.ts';

export interface StoredPool {
  readonly name: string;
  /** sha256 of the blob of its queries. */
  readonly version: string;
  /** sha256 of the blob of its report. */
  readonly report: string;
  readonly queries: number;
  readonly createdAt: Date;
}

/** The same queries again are the same version, with the newer report; it becomes what the name alone means. */
export async function storeQueryPool(database: Database, pool: Omit<StoredPool, 'createdAt'>): Promise<void> {
  const { name, version, report, queries } = pool;
  await database
    .insertInto('query_pools')
    .values({ name, version, report, queries })
    .onConflict((conflict) =>
      conflict.columns(['name', 'version']).doUpdateSet({ report, created_at: sql<Date>`clock_timestamp()` }),
    )
    .execute();
}

/** Newest first. */
export function listQueryPools(database: Database): Promise<StoredPool[]> {
  return selectPools(database).execute();
}

/** `version`: its beginning, or all of it; without one, the newest. Throws `Input.NotFound`, or `Input.Invalid` for a beginning of several. */
export async function findQueryPool(database: Database, name: string, version = ''): Promise<StoredPool> {
  const named = await selectPools(database).where('name', '=', name).execute();
  const [first] = named;
  if (!first) {
    throw failure(
      'Input.NotFound',
      `there is no query pool ${name}: \`masgpt dataset import ${name} --benchmark NAME=FILE\` makes it`,
    );
  }
  if (version === '') return first;
  const found = named.filter((pool) => pool.version.startsWith(version));
  if (found.length > 1 && !sha256Schema.safeParse(version).success)
    throw failure(
      'Input.Invalid',
      `the query pool ${name} has ${found.length} versions that begin with ${version}`,
    );
  if (found[0]) return found[0];
  const known = named.map((pool) => pool.version.slice(0, 12)).slice(0, 10);
  throw failure(
    'Input.NotFound',
    `the query pool ${name} has no version ${version}; it has ${known.join(', ')}`,
  );
}

export async function readPoolReport(
  blobs: Blobs,
  { report }: Pick<StoredPool, 'report'>,
): Promise<PoolReport> {
  return poolReportSchema.parse(JSON.parse(await blobs.getText(report)));
}

function selectPools(database: Database) {
  return database
    .selectFrom('query_pools')
    .select(['name', 'version', 'report', 'queries', 'created_at as createdAt'])
    .orderBy('created_at', 'desc')
    .orderBy('version');
}
