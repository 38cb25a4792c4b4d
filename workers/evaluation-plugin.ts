/** evaluateBenchmarks in a worker: `plugins: [new EvaluationPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import { createMatrixActivities } from '../activities/benchmarks/matrix-activities.ts';
import { createEvaluationActivities } from '../activities/evaluation/evaluation-activities.ts';
import type { EvaluationActivities } from '../workflows/evaluation/contract.ts';
import type { MatrixActivities } from '../workflows/matrix/contract.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import { matrixParts } from './matrix-parts.ts';
import type { Services } from './services.ts';
import { versions } from './versions.ts';

export class EvaluationPlugin extends MasPlugin<EvaluationActivities & MatrixActivities & RunActivities> {
  constructor(options: MasPluginOptions) {
    super(
      {
        name: 'masgpt-temporal.EvaluationPlugin',
        create,
        activities: {
          resolveEvaluationInput: true,
          planEvaluation: true,
          summariseEvaluation: true,
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

function create(services: Services): EvaluationActivities & MatrixActivities & RunActivities {
  const { fallbackProgram } = services.config;
  const parts = { ...matrixParts(services), fallbackProgram, versions, now: () => new Date() };
  return { ...createMatrixActivities(parts), ...createEvaluationActivities(parts) };
}
