/** runBatch: executes and grades the cells [from, to) of a plan, then reports to the parent. Workflow id: PARENT/LABEL-N. */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { priorityOf, queuesOf } from '../shared/queues.ts';
import { reportToParent, type Seat } from '../shared/report.ts';
import {
  type BatchInput,
  type BatchResult,
  type MatrixActivities,
  matrixActivityOptions,
} from './contract.ts';

export async function runBatch(batch: BatchInput, seat: Seat): Promise<BatchResult> {
  try {
    const result = await execute(batch);
    await reportToParent(seat, { status: 'done', result });
    return result;
  } catch (thrown) {
    if (isCancellation(thrown)) await reportToParent(seat, { status: 'cancelled' });
    else await reportToParent(seat, { status: 'failed', ...describe(thrown) });
    throw thrown;
  }
}

async function execute(batch: BatchInput): Promise<BatchResult> {
  const queues = queuesOf(workflowInfo().taskQueue);
  const priority = priorityOf(batch.priority, batch.run);
  const cells = `cells ${batch.from} to ${batch.to - 1}`;
  const { runExecutions } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.runExecutions,
    taskQueue: queues.cpu,
    priority,
    summary: `run ${cells}`,
  });
  const { gradeExecutions } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.gradeExecutions,
    taskQueue: queues.grade,
    priority,
    summary: `grade ${cells}`,
  });
  const result = await runExecutions(batch);
  await gradeExecutions(batch);
  return result;
}

function describe(thrown: unknown): { type: string; message: string } {
  const root = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  if (root instanceof ApplicationFailure) return { type: root.type ?? 'Error', message: root.message };
  return { type: 'Error', message: String(root) };
}
