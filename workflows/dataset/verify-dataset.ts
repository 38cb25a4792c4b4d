/**
 * verifyDataset: sample -> executions on fresh draws -> replication rate. Executions are stored as they end, so that the same input
 * again, or another worker, does only what is missing.
 */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { createProgress } from '../shared/progress.ts';
import { priorities, priorityOf, queuesOf } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { addUsage, noUsage } from '../shared/usage.ts';
import { withRun } from '../shared/with-run.ts';
import { inOrder } from './in-order.ts';
import {
  type ResolvedVerifyInput,
  type VerifyActivities,
  verifyActivityOptions,
  type VerifyBatch,
  type VerifyResult,
} from './verify-contract.ts';

const rowsPerBatch = 50;
const window = 2;

export async function verifyDataset(input?: unknown): Promise<VerifyResult> {
  const options = { kind: 'verification', input, resolve: 'resolveVerifyInput' } as const;
  return await withRun<ResolvedVerifyInput, VerifyResult>(options, verify);
}

async function verify({ run, input, rules }: ResolvedRun<ResolvedVerifyInput>): Promise<VerifyResult> {
  const publish = createProgress({ state: 'running', stage: 'sample', done: 0, failed: 0, total: 0 }, rules);
  const sample = await onQueue('workflows', 'sampleRows', run).sampleRows(input);
  let [done, solved, usage] = [0, 0, noUsage];
  const { rows, simulated } = sample;
  publish({ stage: 'executions', total: rows, unit: 'rows', simulated });

  const batches = Array.from({ length: Math.ceil(rows / rowsPerBatch) }, (_, index) => {
    const from = index * rowsPerBatch;
    return { from, to: Math.min(from + rowsPerBatch, rows) };
  });
  const outcomes = await inOrder(batches, window, async ({ from, to }) => {
    const { plan, seed } = sample;
    const batch: VerifyBatch = { run, sample: sample.sample, plan, seed, from, to };
    const result = await onQueue('cpu', 'verifyRows', run, `rows ${from} to ${to - 1}`).verifyRows(batch);
    done += to - from;
    solved += result.solved;
    usage = addUsage(usage, result.usage);
    publish({ done, failed: done - solved, failureKinds: { unsolved: done - solved }, usage });
    return result.outcomes;
  });
  const summary = await onQueue('workflows', 'summariseVerification', run).summariseVerification(
    input,
    outcomes,
  );
  publish({ state: 'succeeded', stage: 'done' });
  return { run, ...summary, usage, simulated };
}

function onQueue(
  role: 'workflows' | 'cpu',
  activity: keyof typeof verifyActivityOptions,
  run: string,
  summary?: string,
): VerifyActivities {
  return proxyActivities<VerifyActivities>({
    ...verifyActivityOptions[activity],
    taskQueue: queuesOf(workflowInfo().taskQueue)[role],
    priority: priorityOf(priorities.dataset, run),
    ...(summary === undefined ? {} : { summary }),
  });
}
