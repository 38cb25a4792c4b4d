/** POOL or POOL@VERSION of the command line: the pool, its report and its queries. */
import { join, resolve } from 'node:path';
import type { PoolReport } from '../../../activities/dataset/query-pool/pool-report.ts';
import {
  findQueryPool,
  readPoolReport,
  type StoredPool,
} from '../../../activities/dataset/query-pool/query-pools.ts';
import { readLines } from '../../../activities/dataset/selection.ts';
import type { Blobs } from '../../../activities/storage/blobs.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { nameSchema } from '../../../workflows/shared/names.ts';
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import type { CommandContext } from '../command.ts';
import { UsageError } from '../errors.ts';

export const poolArg = {
  type: 'positional',
  description: 'POOL or POOL@VERSION (its first digits), as `masgpt dataset list` shows them',
  required: true,
} as const;

export interface PoolReference {
  readonly name: string;
  /** The first digits of its sha256, or none. */
  readonly version: string;
}

/** Throws `UsageError`. */
export function poolReference(text: string): PoolReference {
  const [name = '', version = '', ...rest] = text.split('@');
  if (rest.length > 0 || !/^[0-9a-f]{0,64}$/.test(version))
    throw new UsageError(`${text}: POOL or POOL@VERSION is expected, VERSION as hexadecimal digits`);
  return { name: poolName(name), version };
}

/** Throws `UsageError`. */
export function poolName(name: string): string {
  const checked = nameSchema.safeParse(name);
  if (checked.success) return checked.data;
  throw new UsageError(
    `the pool's name "${name.slice(0, 64)}" is no name: ${checked.error.issues[0]?.message}`,
  );
}

export interface OpenPool {
  readonly pool: StoredPool;
  readonly report: PoolReport;
  readonly blobs: Blobs;
}

/** Throws `Input.NotFound`. */
export async function openPool(
  { database, config }: Pick<CommandContext, 'database' | 'config'>,
  { name, version }: PoolReference,
): Promise<OpenPool> {
  const pool = await findQueryPool(database, name, version);
  const blobs = blobsOf(config);
  return { pool, blobs, report: await readPoolReport(blobs, pool) };
}

export function blobsOf(config: CommandContext['config']): Blobs {
  return createDirectoryBlobs(join(resolve(config.home), 'blobs'));
}

export function queriesOf(blobs: Blobs, { sha256 }: { readonly sha256: string }): Promise<Query[]> {
  return readLines(blobs, sha256, querySchema);
}
