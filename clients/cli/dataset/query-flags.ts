/** `--benchmark`, `--pool` and `--limit` of a build: references to queries, and how many there are. */
import type { findQueryPool } from '../../../activities/dataset/query-pool/query-pools.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import type { LocalContext } from '../command.ts';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';
import { importBenchmarks } from '../import-benchmarks.ts';
import { poolReference } from './pool-reference.ts';

export const queryFlags = {
  benchmark: {
    type: 'string',
    description: 'NAME=FILE, several by comma; `generated-train` needs no file (default: it, unless --pool)',
  },
  pool: {
    type: 'string',
    description: 'Query pools of `masgpt dataset import`: POOL or POOL@VERSION, by comma',
  },
  limit: { type: 'string', description: 'The first N valid rows of each benchmark and pool' },
} as const;

/** Generated problems without a limit. */
const generatedRows = 200;

export interface QuerySelection {
  readonly queries: DatasetRequest['queries'];
  readonly rows: number;
}

/** `find`: `findQueryPool` on the home's database; only asked when pools are named. */
export async function readQueryFlags(
  context: Pick<LocalContext, 'config' | 'output'>,
  args: { readonly [name: string]: unknown },
  find: (name: string, version: string) => ReturnType<typeof findQueryPool>,
): Promise<QuerySelection> {
  const limit = wholeNumber('--limit', args['limit'] as string | undefined, 1);
  const first = limit === undefined ? {} : { limit };
  const references = poolReferences(args['pool']);
  const named = (args['benchmark'] as string | undefined) ?? (references.length > 0 ? '' : 'generated-train');
  if (named === '' && references.length === 0)
    throw new UsageError('--benchmark: name at least one, or --pool');
  const benchmarks = named === '' ? [] : await importBenchmarks(context, named);
  const pools = await Promise.all(references.map(({ name, version }) => find(name, version)));
  const sizes = [
    ...benchmarks.map(({ rows = generatedRows }) => rows),
    ...pools.map(({ queries }) => queries),
  ];
  return {
    queries: [
      ...benchmarks.map(({ name, sha256 }) => ({
        source: name,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...first,
      })),
      ...pools.map(({ name, version }) => ({ pool: name, sha256: version, ...first })),
    ],
    rows: sizes.reduce((sum, size) => sum + Math.min(size, limit ?? size), 0),
  };
}

/** Throws `UsageError`. */
export function poolReferences(list: unknown) {
  if (typeof list !== 'string') return [];
  return list
    .split(',')
    .filter((part) => part !== '')
    .map(poolReference);
}
