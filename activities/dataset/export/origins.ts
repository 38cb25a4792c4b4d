/** Where a dataset's queries were taken from, for its card: sources as they are, and query pools with their reports. */
import type { DatasetInput } from '../../../workflows/dataset/contract.ts';
import { isFailure } from '../../failure.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/tables.ts';
import type { Origin } from '../card.ts';
import { findQueryPool, readPoolReport } from '../query-pool/query-pools.ts';

export function readOrigins(
  { database, blobs }: { readonly database: Database; readonly blobs: Blobs },
  { queries }: Pick<DatasetInput, 'queries'>,
): Promise<Origin[]> {
  return Promise.all(
    queries.map(async (given): Promise<Origin> => {
      if (!('pool' in given)) return { kind: 'source', source: given.source };
      const { pool, sha256 = '' } = given;
      const stored = await findQueryPool(database, pool, sha256).catch((error: unknown) => {
        if (isFailure(error, 'Input.NotFound')) return null;
        throw error;
      });
      return { kind: 'pool', pool, sha256, report: stored && (await readPoolReport(blobs, stored)) };
    }),
  );
}
