/** What `masgpt gc` and `masgpt runs delete` share: the places of this home, and how the outcome is told. */
import { join, resolve } from 'node:path';
import { type Collected, collectGarbage } from '../../activities/housekeeping/collect-garbage.ts';
import { readPool } from '../../activities/mas/pool.ts';
import type { CommandContext } from './command.ts';

export async function collect(
  { config, database, temporal }: CommandContext,
  options: { readonly dryRun: boolean; readonly run?: string },
): Promise<Collected> {
  const { namespace } = config.temporal;
  const pool = await readPool();
  const described = await temporal.workflowService.describeNamespace({ namespace });
  const retentionS = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return collectGarbage({
    database,
    blobDirectory: join(resolve(config.home), 'blobs'),
    trainingDirectory: join(resolve(config.home), 'training'),
    poolPrograms: pool.list().map(({ sha256 }) => sha256),
    retentionMs: retentionS * 1_000,
    dryRun: options.dryRun,
    ...(options.run === undefined ? {} : { deleted: { namespace, run: options.run } }),
  });
}

export function tell(collected: Collected, dryRun: boolean): string {
  const { executions, generations, calls, payloads, budgets, training, blobs, blobBytes, directories } =
    collected;
  const counts = [
    `${executions} executions with their journal`,
    `${generations} generations`,
    `${calls} recorded calls`,
    `${payloads} payloads`,
    `${budgets} budgets`,
    `${training} rows and ${directories.length} directories of training`,
    `${blobs} blobs (${(blobBytes / 1e6).toFixed(1)} MB)`,
  ];
  return `${dryRun ? 'would remove' : 'removed'} ${counts.join(', ')}`;
}
