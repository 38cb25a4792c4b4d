/** Workers of answerQuery: in this process, or as one of their own that a test may kill. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { AnswerPlugin } from '../../workers/answer-plugin.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import { openServices } from '../../workers/open-services.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';
import { runWorkers, startWorkerProcess, type WorkerProcess } from './run-workers.ts';
import { preloadModules, workflowsPath } from '../../workers/workflow-code.ts';

export interface AnswerWorkerOptions {
  readonly config: Config;
  readonly address: string;
  /** 0: every workflow task replays the history. */
  readonly maxCachedWorkflows?: number;
  /** Activities of the queue for calls at once. */
  readonly llmSlots?: number;
  /** Bundled workflows, so that workers of one suite bundle once. */
  readonly codePath?: string;
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

export function bundleAnswer(): Promise<WorkflowBundleWithSourceMap> {
  return (bundle ??= bundleWorkflowCode({ workflowsPath, preloadModules }));
}

/** Disposing drains them. */
export async function startAnswerWorkers(options: AnswerWorkerOptions): Promise<AsyncDisposable> {
  const { config, address, maxCachedWorkflows, codePath, llmSlots } = options;
  const services = await openServices(config, { env: {}, log: () => {} });
  const plugins = [new AnswerPlugin({ services })];
  const queues = queuesOf(config.temporal.taskQueue);
  const shared = { plugins, shutdownGraceTime: '1 s', shutdownForceTime: '5 s' } as const;
  const workers = await runWorkers(address, shared, [
    {
      taskQueue: queues.workflows,
      workflowBundle: codePath === undefined ? await bundleAnswer() : { codePath },
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    },
    {
      taskQueue: queues.llm,
      ...(llmSlots === undefined ? {} : { maxConcurrentActivityTaskExecutions: llmSlots }),
    },
    { taskQueue: queues.code },
  ]);
  return {
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]();
      await services[Symbol.asyncDispose]();
    },
  };
}

/** Returns once its workers poll. */
export async function startAnswerProcess(options: AnswerWorkerOptions): Promise<WorkerProcess> {
  const codePath = join(options.config.home, 'workflows.js');
  await writeFile(codePath, (await bundleAnswer()).code);
  const script = fileURLToPath(import.meta.url);
  return startWorkerProcess(['--import', 'tsx', script, JSON.stringify({ ...options, codePath })]);
}

/** As a program: the child of `startAnswerProcess`. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2] ?? '') as AnswerWorkerOptions;
  const workers = await startAnswerWorkers({ ...options, config: configSchema.parse(options.config) });
  process.on('SIGTERM', () => void workers[Symbol.asyncDispose]());
  process.stdout.write('ready\n');
}
