/** Workers for training tests; as a script (`training-workers.ts JSON`) a process of its own that can be killed. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../activities/storage/database.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import type { Services } from '../../workers/services.ts';
import { TrainingPlugin } from '../../workers/training-plugin.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';

type History = Parameters<typeof Worker.runReplayHistory>[1];

const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, shutdownSignals: [] });

export interface TrainingWorkerOptions {
  readonly home: string;
  readonly taskQueue: string;
  readonly databaseUrl: string;
  /** Of the suite's server. */
  readonly address: string;
}

let bundle: Promise<WorkflowBundle> | undefined;

/** Workers for workflows, launching and this host's queue. Disposing drains them. */
export async function startTrainingWorkers(options: TrainingWorkerOptions): Promise<AsyncDisposable> {
  const { home, taskQueue, databaseUrl } = options;
  const database = openDatabase(databaseUrl);
  const connection = await NativeConnection.connect({ address: options.address });
  const config: Config = configSchema.parse({
    home,
    temporal: { taskQueue },
    training: { recipes: join(home, 'recipes') },
  });
  const services = {
    config,
    database,
    blobs: createDirectoryBlobs(join(home, 'blobs')),
  } as unknown as Services;
  const plugins = [new TrainingPlugin({ services })];
  const workflowBundle = await workflowCode();
  const queues = queuesOf(taskQueue);
  const shared = { connection, plugins, shutdownGraceTime: '1 s', shutdownForceTime: '5 s' } as const;
  const workers = [
    await Worker.create({ ...shared, taskQueue, workflowBundle }),
    await Worker.create({ ...shared, taskQueue: queues.gpu }),
    await Worker.create({ ...shared, taskQueue: queues.gpuHost(hostname()) }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await database.destroy();
    },
  };
}

export async function replayTraining(workflowId: string, history: History): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: await workflowCode() }, history, workflowId);
}

function workflowCode(): Promise<WorkflowBundle> {
  return (bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/training/supervise-training.ts', import.meta.url)),
    logger,
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await startTrainingWorkers(JSON.parse(process.argv[2] ?? '') as TrainingWorkerOptions);
  process.stdout.write('ready\n');
}
