/** A client, and workers whose matrix activities are a scripted stand-in: these tests are about the window, not about executions. */
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import type {
  BatchInput,
  BatchResult,
  MatrixActivities,
  SteerInput,
} from '../../../workflows/matrix/contract.ts';
import type { MatrixResult } from '../../../workflows/matrix/run-matrix.ts';
import { queuesOf } from '../../../workflows/shared/queues.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { runWorkers } from '../../support/run-workers.ts';
import type { MatrixInput } from './matrix-workflows.ts';
import { preloadModules } from '../../../workers/workflow-code.ts';

interface CacheOptions {
  /** 0: every workflow task replays the history. */
  readonly maxCachedWorkflows?: number;
}

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

export interface MatrixParts extends AsyncDisposable {
  readonly client: Client;
  readonly taskQueue: string;
  readonly workers: MatrixWorkers;
  /** A parent under a name of its own, or under one that is given. */
  start(
    input: Omit<MatrixInput, 'plan'>,
    workflowId?: string,
  ): Promise<WorkflowHandle<(input: MatrixInput) => Promise<MatrixResult>>>;
}

export async function matrixParts(options: CacheOptions = {}): Promise<MatrixParts> {
  const connection = await Connection.connect({ address: temporal.address() });
  const client = new Client({ connection });
  const taskQueue = freshTaskQueue();
  const workers = await startMatrixWorkers(taskQueue, options);
  const plan = 'a'.repeat(64);
  let started = 0;
  return {
    ...{ client, taskQueue, workers },
    start: (input, workflowId = `evaluation/${taskQueue}-${(started += 1)}`) =>
      client.workflow.start<(input: MatrixInput) => Promise<MatrixResult>>('matrixParent', {
        ...{ taskQueue, workflowId, args: [{ plan, ...input }] },
      }),
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

const bundle = bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('matrix-workflows.ts', import.meta.url)),
  preloadModules,
});

export async function startMatrixWorkers(
  taskQueue: string,
  options: CacheOptions = {},
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
