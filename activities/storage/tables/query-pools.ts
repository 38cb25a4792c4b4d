/** Query pools: named, versioned sets of queries, shared by all namespaces. */
import type { ColumnType } from 'kysely';

export interface QueryPoolTables {
  query_pools: {
    name: string;
    /** sha256 of the blob of its `Query` lines. */
    version: string;
    /** sha256 of the blob of its `PoolReport`: of the import that made this version last. */
    report: string;
    queries: number;
    /** When this version was imported last: the newest is what the name alone means. */
    created_at: ColumnType<Date, Date | string | undefined, Date | string>;
  };
}
