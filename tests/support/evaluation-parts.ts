/** Parts for tests of evaluations: additions as a benchmark, a model that adds, and workers in this process or as their own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { createQuery } from '../../activities/benchmarks/query-id.ts';
import { createMasClient, type MasClient } from '../../clients/client.ts';
import { productScript } from '../../clients/dev/product-script.ts';
import { EvaluationPlugin } from '../../workers/evaluation-plugin.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';
import { freshTaskQueue, temporal } from './environment.ts';
import type { Behaviour, ReceivedRequest } from './fake-openai.ts';
import { type MasParts, masParts } from './mas-parts.ts';
import { runWorkers, startWorkerProcess, type WorkerProcess } from './run-workers.ts';
import { preloadModules, workflowsPath } from '../../workers/workflow-code.ts';

export interface EvaluationParts extends MasParts {
  readonly temporal: Client;
  readonly client: MasClient;
  readonly taskQueue: string;
  /** Blob of `count` additions; the gold is their sum. */
  additions(count: number, offset?: number): Promise<string>;
}

export async function evaluationParts(): Promise<EvaluationParts> {
  const parts = await masParts();
  const connection = await Connection.connect({ address: temporal.address() });
  const client = new Client({ connection });
  const taskQueue = freshTaskQueue();
  return {
    ...parts,
    temporal: client,
    client: createMasClient(client, { taskQueue }),
    taskQueue,
    additions: (count, offset = 0) =>
      parts.services.blobs.put(
        Array.from({ length: count }, (_, index) => `${JSON.stringify(addition(index + offset))}\n`).join(''),
      ),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await parts[Symbol.asyncDispose]();
    },
  };
}

function addition(index: number) {
  return createQuery({
    source: 'gsm8k',
    text: `What is ${index} plus ${index + 1}?`,
    subject: '',
    split: 'test',
    licence: '',
    gold: { kind: 'number', value: String(2 * index + 1) },
  });
}

/** The first number of the addition that a prompt asks for. */
export function numberIn({ body }: ReceivedRequest): number {
  const prompt = body.messages.map(({ content }) => content).join('\n');
  return Number(/What is (\d+) plus/.exec(prompt)?.[1] ?? Number.NaN);
}

/** Right, but for numbers that `isWrong` names. */
export function adding(isWrong: (number: number) => boolean = () => false, delayMs = 0) {
  return (request: ReceivedRequest): Behaviour => {
    const number = numberIn(request);
    const sum = 2 * number + 1 + (isWrong(number) ? 1 : 0);
    return { type: 'answer', delayMs, text: `That makes \\boxed{${sum}}.` };
  };
}

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** Once per test file, when it is needed. */
function bundleWorkflows(): ReturnType<typeof bundleWorkflowCode> {
  return (bundle ??= bundleWorkflowCode({
    workflowsPath,
    preloadModules,
    logger: new DefaultLogger('WARN'),
  }));
}

/** Workers of evaluateBenchmarks in this process. Disposing drains them. */
export async function startEvaluationWorkers(
  { services, taskQueue }: EvaluationParts,
  options: { readonly maxCachedWorkflows?: number } = {},
): Promise<AsyncDisposable> {
  const plugins = [new EvaluationPlugin({ services })];
  const queues = queuesOf(taskQueue);
  const shared = { plugins, shutdownGraceTime: '1 s', maxHeartbeatThrottleInterval: '500 ms' } as const;
  return runWorkers(temporal.address(), shared, [
    { ...options, taskQueue, workflowBundle: await bundleWorkflows() },
    { taskQueue: queues.cpu },
    { taskQueue: queues.grade },
  ]);
}

/** The product's own worker program; returns once it polls. */
export async function startEvaluationProcess({ config, taskQueue }: EvaluationParts): Promise<WorkerProcess> {
  const file = join(config.home, 'masgpt.config.yaml');
  const settings = { ...config, temporal: { ...config.temporal, address: temporal.address(), taskQueue } };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(settings));
  return startWorkerProcess([
    ...productScript('workers/main.ts'),
    ...['--config', file, '--queues', 'workflows,cpu,grade'],
  ]);
}
