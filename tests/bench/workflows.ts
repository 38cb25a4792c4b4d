/** Workflows of the benchmarks: a number of activities at once, or one after another; batches of a matrix. */
import { proxyActivities } from '@temporalio/workflow';
import {
  type BatchInput,
  type BatchResult,
  type MatrixActivities,
  matrixActivityOptions,
} from '../../workflows/matrix/contract.ts';

interface Activities {
  nothing(index: number): Promise<void>;
  call(index: number): Promise<void>;
}

const activities = proxyActivities<Activities>({
  // On a crowded machine a task may be lost on its way.
  startToCloseTimeout: '20 s',
});

/** `width` activities are always in flight. */
export async function fanOut(
  name: keyof Activities,
  from: number,
  count: number,
  width: number,
): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) await activities[name](next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** The product's bulk activity, all batches at once, on the queue of the product's worker. */
export async function runBatches(batches: readonly BatchInput[], taskQueue: string): Promise<BatchResult[]> {
  const { runExecutions } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.runExecutions,
    taskQueue,
  });
  return Promise.all(batches.map((batch) => runExecutions(batch)));
}
