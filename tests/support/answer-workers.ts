/** Workers of answerQuery: in this process, or as one of their own that a test may kill. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  NativeConnection,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { AnswerPlugin } from '../../workers/answer-plugin.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import { openServices } from '../../workers/open-services.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';

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
  const workflowsPath = fileURLToPath(new URL('../../workflows/answer/answer-query.ts', import.meta.url));
  return (bundle ??= bundleWorkflowCode({ workflowsPath }));
}

/** Disposing drains them. */
export async function startAnswerWorkers(options: AnswerWorkerOptions): Promise<AsyncDisposable> {
  const { config, address, maxCachedWorkflows, codePath, llmSlots } = options;
  const connection = await NativeConnection.connect({ address });
  const services = await openServices(config, { env: {}, log: () => {} });
  const plugins = [new AnswerPlugin({ services })];
  const queues = queuesOf(config.temporal.taskQueue);
  const shared = { connection, plugins, shutdownGraceTime: '1 s', shutdownForceTime: '5 s' } as const;
  const workers = [
    await Worker.create({
      ...shared,
      taskQueue: queues.workflows,
      workflowBundle: codePath === undefined ? await bundleAnswer() : { codePath },
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    }),
    await Worker.create({
      ...shared,
      taskQueue: queues.llm,
      ...(llmSlots === undefined ? {} : { maxConcurrentActivityTaskExecutions: llmSlots }),
    }),
    await Worker.create({ ...shared, taskQueue: queues.code }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await services[Symbol.asyncDispose]();
    },
  };
}

export interface WorkerProcess {
  readonly pid: number;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Returns once its workers poll. */
export async function startAnswerProcess(options: AnswerWorkerOptions): Promise<WorkerProcess> {
  const codePath = join(options.config.home, 'workflows.js');
  await writeFile(codePath, (await bundleAnswer()).code);
  const script = fileURLToPath(import.meta.url);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify({ ...options, codePath })],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break;
  child.stdout.resume();
  return {
    pid: child.pid ?? 0,
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
  };
}

/** As a program: the child of `startAnswerProcess`. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2] ?? '') as AnswerWorkerOptions;
  const workers = await startAnswerWorkers({ ...options, config: configSchema.parse(options.config) });
  process.on('SIGTERM', () => void workers[Symbol.asyncDispose]());
  process.stdout.write('ready\n');
}
