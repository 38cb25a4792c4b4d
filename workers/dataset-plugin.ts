/** buildDataset in a worker: `plugins: [new DatasetPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import { createDatasetActivities } from '../activities/dataset/dataset-activities.ts';
import { createMatrixActivities } from '../activities/benchmarks/matrix-activities.ts';
import { type Pool, readPool } from '../activities/mas/pool.ts';
import { createRuns } from '../activities/storage/runs.ts';
import { askStatusFromActivity } from '../activities/storage/workflow-status.ts';
import type { DatasetActivities } from '../workflows/dataset/contract.ts';
import type { MatrixActivities } from '../workflows/matrix/contract.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import type { Services } from './services.ts';

export class DatasetPlugin extends MasPlugin<DatasetActivities & MatrixActivities & RunActivities> {
  constructor(options: MasPluginOptions) {
    super(
      {
        name: 'masgpt-temporal.DatasetPlugin',
        create,
        activities: {
          resolveDatasetInput: true,
          planDataset: true,
          selectPrograms: true,
          refineQueries: true,
          exportDataset: true,
          runExecutions: true,
          gradeExecutions: true,
          reconcileBatch: true,
          finishRun: true,
        },
      },
      options,
    );
  }
}

function create(services: Services): DatasetActivities & MatrixActivities & RunActivities {
  const { config, database } = services;
  let pool: Promise<Pool> | undefined;
  const parts = {
    ...services,
    pool: () => (pool ??= readPool()),
    sandbox: () => services.sandbox(),
    runs: createRuns({ database, askStatus: askStatusFromActivity }),
    executionsAtOnce: config.slots.executions,
  };
  return { ...createMatrixActivities(parts), ...createDatasetActivities(parts) };
}
