/** Workflows of these tests: a parent that runs a matrix with windows, batches and histories as small as a test wants. */
import { continueAsNew } from '@temporalio/workflow';
import {
  type MatrixCarried,
  type MatrixResult,
  progressOf,
  runMatrix,
} from '../../../workflows/matrix/run-matrix.ts';
import { createSteering } from '../../../workflows/matrix/steering.ts';
import { createProgress } from '../../../workflows/shared/progress.ts';

export { runBatch } from '../../../workflows/matrix/run-batch.ts';

export interface MatrixInput {
  readonly plan: string;
  readonly cells: number;
  readonly batchSize?: number;
  readonly window?: number;
  readonly rules?: number;
  readonly maxWallMinutes?: number;
  readonly maxHistoryEvents?: number;
  readonly quiet?: number;
}

export async function matrixParent(input: MatrixInput, carried?: MatrixCarried): Promise<MatrixResult> {
  const publish = createProgress({
    state: 'running',
    stage: 'matrix',
    done: 0,
    failed: 0,
    total: input.cells,
  });
  const { window, maxWallMinutes } = input;
  const steering = createSteering({
    carried: carried?.steering,
    maxWallMinutes,
    ...(window === undefined ? {} : { window }),
  });
  return runMatrix({
    ...input,
    steering,
    run: 'evaluation/test',
    priority: 3,
    carried,
    onProgress: (progress) => publish(progressOf(progress)),
    continueAsNew: (state) => continueAsNew<typeof matrixParent>(input, state),
  });
}
