/** buildDataset and verifyDataset in a worker: `plugins: [new DatasetPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import { createDatasetActivities } from '../activities/dataset/dataset-activities.ts';
import { createMatrixActivities } from '../activities/benchmarks/matrix-activities.ts';
import { createVerifyActivities } from '../activities/dataset/verify/verify-activities.ts';
import type { DatasetActivities } from '../workflows/dataset/contract.ts';
import type { VerifyActivities } from '../workflows/dataset/verify-contract.ts';
import type { MatrixActivities } from '../workflows/matrix/contract.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import { matrixParts } from './matrix-parts.ts';
import type { Services } from './services.ts';

type Activities = DatasetActivities & VerifyActivities & MatrixActivities & RunActivities;

export class DatasetPlugin extends MasPlugin<Activities> {
  constructor(options: MasPluginOptions) {
    super(
      {
        name: 'masgpt-temporal.DatasetPlugin',
        create,
        activities: {
          resolveDatasetInput: true,
          planDataset: true,
          embedQueries: true,
          planLeaders: true,
          planRace: true,
          regroupQueries: true,
          selectPrograms: true,
          refineQueries: true,
          exportDataset: true,
          resolveVerifyInput: true,
          sampleRows: true,
          verifyRows: true,
          summariseVerification: true,
          runExecutions: true,
          gradeExecutions: true,
          reconcileBatch: true,
          surveyBatches: true,
          keepComplete: true,
          steerRun: true,
          finishRun: true,
        },
      },
      options,
    );
  }
}

function create(services: Services): Activities {
  const parts = matrixParts(services);
  return {
    ...createMatrixActivities(parts),
    ...createDatasetActivities(parts),
    ...createVerifyActivities(parts),
  };
}
