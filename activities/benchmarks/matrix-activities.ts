/** The activities of runBatch and runMatrix over their ports. */
import type { MatrixActivities } from '../../workflows/matrix/contract.ts';
import { createGenerator, type GeneratorParts } from '../mas/generate.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { createSteerRun } from '../mas/steering.ts';
import { createRunExecutions } from '../mas/run-executions.ts';
import { createProgramRunner, type ProgramRunnerParts } from '../mas/run-program.ts';
import { createGradeExecutions, type GradeParts } from './grade-executions.ts';
import { createKeepComplete } from './keep-complete.ts';
import { createReconcileBatch } from './reconcile-batch.ts';
import { createSurveyBatches } from './survey-batches.ts';

export type MatrixParts = GeneratorParts &
  ProgramRunnerParts &
  GradeParts & {
    /** Executions at once in a batch. */
    readonly executionsAtOnce: number;
  };

export function createMatrixActivities(given: MatrixParts): MatrixActivities {
  const parts = { ...given, plans: createPlanReader(given.blobs) };
  const runner = createProgramRunner(parts);
  const generator = createGenerator(parts);
  return {
    runExecutions: createRunExecutions({ ...parts, runner, generator }),
    gradeExecutions: createGradeExecutions(parts),
    reconcileBatch: createReconcileBatch(parts),
    surveyBatches: createSurveyBatches(parts),
    keepComplete: createKeepComplete(parts),
    steerRun: createSteerRun(parts),
  };
}
