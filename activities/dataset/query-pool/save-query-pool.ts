/** Builds a pool from imported queries and stores it: blobs of its queries, of what its report names and of the report, and a row. */
import type { Query } from '../../../workflows/shared/query.ts';
import { failure } from '../../failure.ts';
import type { Blobs } from '../../storage/blobs.ts';
import { canonicalJson } from '../../storage/canonical-json.ts';
import type { Database } from '../../storage/tables.ts';
import { buildQueryPool, type PoolOptions } from './build-query-pool.ts';
import { contamination } from './contamination.ts';
import { minHash, missRate } from './near-duplicates.ts';
import { type PoolInput, type PoolReport, poolReportSchema } from './pool-report.ts';
import { type StoredPool, storeQueryPool } from './query-pools.ts';

export interface GivenQueries {
  readonly input: PoolInput;
  readonly queries: readonly Query[];
}

export interface PoolRequest extends PoolOptions {
  readonly name: string;
  readonly inputs: readonly GivenQueries[];
  readonly against: readonly GivenQueries[];
}

/** Near-duplicates are looked for in memory: about 1 GB for 100,000 queries. */
const maxQueries = 200_000;

/** Throws `Input.Invalid` when no query is left, or there are too many. */
export async function saveQueryPool(
  { database, blobs }: { readonly database: Database; readonly blobs: Blobs },
  request: PoolRequest,
): Promise<{ readonly pool: Omit<StoredPool, 'createdAt'>; readonly report: PoolReport }> {
  const { name, inputs, against } = request;
  const given = inputs.flatMap(({ queries }) => queries);
  if (given.length > maxQueries)
    throw failure('Input.Invalid', `${given.length} queries: a pool is made from at most ${maxQueries}`);
  const sets = against.map(({ input: { source }, queries }) => ({ name: source, queries }));
  const built = buildQueryPool(given, sets, request);
  if (built.queries.length === 0)
    throw failure(
      'Input.Invalid',
      `no query of ${given.length} is left for the pool: ${whyNone(built.findings)}`,
    );
  const store = async (queries: readonly Query[]) => ({
    sha256: await blobs.put(queries.map((query) => `${canonicalJson(query)}\n`).join('')),
    count: queries.length,
  });
  const report = poolReportSchema.parse({
    v: 1,
    queries: await store(built.queries),
    others: await store(built.others),
    inputs: inOrder(inputs),
    against: inOrder(against),
    heldOut:
      request.leaveOut === undefined
        ? null
        : { source: request.leaveOut, queries: await store(built.heldOut) },
    settings: settingsOf(request),
    ...built.findings,
  });
  const pool = {
    name,
    version: report.queries.sha256,
    report: await blobs.put(canonicalJson(report)),
    queries: report.queries.count,
  };
  await storeQueryPool(database, pool);
  return { pool, report };
}

function inOrder(given: readonly GivenQueries[]): PoolInput[] {
  const inputs = given.map(({ input }) => ({ input, key: `${input.source}/${input.queries.sha256}` }));
  return inputs.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ input }) => input);
}

function settingsOf({ seed, sample, nearJaccard, maskNumbers }: PoolOptions): PoolReport['settings'] {
  const { gramWords, fewestWords, fewestMaskedWords, leastMaskedOverlap } = contamination;
  return {
    ...{ seed, sample: { ...sample } },
    nearDuplicates: { jaccard: nearJaccard, ...minHash, expectedMissRate: missRate(nearJaccard) },
    contamination: { gramWords, fewestWords, fewestMaskedWords, leastMaskedOverlap, maskNumbers },
  };
}

function whyNone({ conflicts, contaminated }: Pick<PoolReport, 'conflicts' | 'contaminated'>): string {
  return `${conflicts.flat().length} are in conflicts, ${contaminated.length} stand in evaluation sets`;
}
