/** Workers whose matrix activities are a scripted stand-in: these tests are about the window, not about executions. */
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { bundleWorkflowCode } from '@temporalio/worker';
import type {
  BatchInput,
  BatchResult,
  MatrixActivities,
  SteerInput,
} from '../../../workflows/matrix/contract.ts';
import { queuesOf } from '../../../workflows/shared/queues.ts';
import { temporal } from '../../support/environment.ts';
import { runWorkers } from '../../support/run-workers.ts';

/** What happens to a batch when it runs; the default finishes it at once. */
export type Script = (batch: BatchInput, context: Context) => Promise<Partial<BatchResult>>;

export interface MatrixWorkers extends AsyncDisposable {
  /** Batches as they were executed, by their first cell. */
  readonly executed: number[];
  /** Most batches in execution at one time. */
  readonly peak: () => number;
  readonly running: () => number;
  readonly graded: number[];
  /** Cells `from` of batches whose work is stored, though nobody heard of it. */
  readonly stored: Set<number>;
  script(next: Script): void;
  /** What the parents told their batches. */
  readonly steered: SteerInput[];
  /** Batches that a survey looked at. */
  readonly surveyed: number[];
  /** Forgets what happened. */
  reset(): void;
}

const bundle = bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('matrix-workflows.ts', import.meta.url)),
});

export async function startMatrixWorkers(
  taskQueue: string,
  options: { readonly maxCachedWorkflows?: number } = {},
): Promise<MatrixWorkers> {
  const executed: number[] = [];
  const graded: number[] = [];
  const stored = new Set<number>();
  const steered: SteerInput[] = [];
  const surveyed: number[] = [];
  let script: Script = async () => ({});
  let running = 0;
  let peak = 0;
  const activities: MatrixActivities = {
    async runExecutions(batch) {
      executed.push(batch.from);
      running += 1;
      peak = Math.max(peak, running);
      const context = Context.current();
      const heartbeats = setInterval(() => context.heartbeat(), 100);
      try {
        return { ...resultOf(batch), ...(await script(batch, context)) };
      } finally {
        clearInterval(heartbeats);
        running -= 1;
      }
    },
    gradeExecutions: async ({ from }) => ({ graded: graded.push(from) }),
    reconcileBatch: async (batch) => (stored.has(batch.from) ? resultOf(batch) : null),
    async surveyBatches({ from, to, batchSize }) {
      const all = Array.from({ length: to - from }, (_, index) => from + index);
      surveyed.push(...all);
      const todo = all.filter((batch) => !stored.has(batch * batchSize));
      return { todo, answered: (all.length - todo.length) * batchSize, failed: 0, simulated: false };
    },
    keepComplete: async (plan) => ({ plan, cells: 0, queries: 0 }),
    steerRun: async (input) => void steered.push(input),
  };
  const shared = { activities, maxHeartbeatThrottleInterval: '100 ms' } as const;
  const queues = queuesOf(taskQueue);
  const workers = await runWorkers(temporal.address(), shared, [
    { ...options, taskQueue, workflowBundle: await bundle },
    { taskQueue: queues.cpu },
    { taskQueue: queues.grade },
  ]);
  return {
    executed,
    graded,
    stored,
    steered,
    surveyed,
    peak: () => peak,
    running: () => running,
    script: (next) => (script = next),
    reset() {
      executed.length = graded.length = steered.length = surveyed.length = peak = 0;
      stored.clear();
      script = async () => ({});
    },
    [Symbol.asyncDispose]: () => workers[Symbol.asyncDispose](),
  };
}

export function resultOf({ from, to }: BatchInput): BatchResult {
  const usage = { llmCalls: to - from, tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 };
  return {
    from,
    to,
    answered: to - from,
    failed: 0,
    infraFailed: 0,
    budgetSkipped: 0,
    usage,
    simulated: false,
  };
}
