/** The ports of every domain that runs a matrix: datasets and evaluations. */
import { type Pool, readPool } from '../activities/mas/pool.ts';
import { createRuns } from '../activities/storage/runs.ts';
import { askStatusFromActivity } from '../activities/storage/workflow-status.ts';
import type { Services } from './services.ts';

export function matrixParts(services: Services) {
  const { config, database } = services;
  let pool: Promise<Pool> | undefined;
  return {
    ...services,
    pool: () => (pool ??= readPool()),
    sandbox: () => services.sandbox(),
    runs: createRuns({ database, askStatus: askStatusFromActivity }),
    executionsAtOnce: config.slots.executions,
  };
}
