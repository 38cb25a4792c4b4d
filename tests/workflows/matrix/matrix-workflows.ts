/** Workflows of these tests: a parent that runs a matrix with windows, batches and histories as small as a test wants. */
import { continueAsNew, sleep } from '@temporalio/workflow';
import {
  type MatrixCarried,
  type MatrixResult,
  progressOf,
  runMatrix,
} from '../../../workflows/matrix/run-matrix.ts';
import type { BatchResult } from '../../../workflows/matrix/contract.ts';
import { runBatch as runProductBatch } from '../../../workflows/matrix/run-batch.ts';
import { createSteering } from '../../../workflows/matrix/steering.ts';
import { createProgress } from '../../../workflows/shared/progress.ts';

export async function runBatch(...args: Parameters<typeof runProductBatch>): Promise<BatchResult> {
  const result = await runProductBatch(...args);
  if (args[0].run === ('evaluation/lingering' satisfies MatrixInput['run'])) await sleep(3_000);
  return result;
}

export interface MatrixInput {
  readonly plan: string;
  /** Default evaluation/test. Batches of `lingering` end a while after they have reported. */
  readonly run?: 'evaluation/lingering';
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
    run: 'evaluation/test',
    ...input,
    steering,
    priority: 3,
    carried,
    onProgress: (progress) => publish(progressOf(progress)),
    continueAsNew: (state) => continueAsNew<typeof matrixParent>(input, state),
  });
}
