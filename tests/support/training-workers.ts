/** Workers for training tests; as a script (`training-workers.ts JSON`) a process of its own that can be killed. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../activities/storage/database.ts';
import type { AttemptObserver } from '../../activities/training/observer.ts';
import { type Config, configSchema } from '../../workers/config/schema.ts';
import { trainingHost } from '../../workers/config/training-host.ts';
import type { Services } from '../../workers/services.ts';
import { placeHosts } from '../../workers/training-places.ts';
import { TrainingPlugin } from '../../workers/training-plugin.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';
import type { z } from 'zod';
import { runWorkers } from './run-workers.ts';
import { preloadModules, workflowsPath } from '../../workers/workflow-code.ts';

type History = Parameters<typeof Worker.runReplayHistory>[1];

const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, shutdownSignals: [] });

export interface TrainingWorkerOptions {
  readonly home: string;
  readonly taskQueue: string;
  readonly databaseUrl: string;
  /** Of the suite's server. */
  readonly address: string;
  /** More of the config's section. */
  readonly training?: Partial<z.input<typeof configSchema>['training'] & object>;
  /** Of workers in this process. */
  readonly observer?: AttemptObserver;
  /** Polls the queue of this host in place of its own. */
  readonly hostQueue?: string;
  /** As if it ran on another machine: what the kernel calls its boot. */
  readonly bootId?: string;
  /** Default: all. */
  readonly queues?: readonly ('workflows' | 'gpu' | 'host')[];
}

let bundle: Promise<WorkflowBundle> | undefined;

/** Workers for workflows, launching and this host's queue. Disposing drains them. */
export async function startTrainingWorkers(options: TrainingWorkerOptions): Promise<AsyncDisposable> {
  const { home, taskQueue, databaseUrl, bootId } = options;
  const database = openDatabase(databaseUrl);
  const config: Config = configSchema.parse({
    home,
    temporal: { taskQueue },
    training: { recipes: join(home, 'recipes'), ...options.training },
  });
  const services = {
    config,
    database,
    blobs: createDirectoryBlobs(join(home, 'blobs')),
    observer: options.observer,
    machine: bootId && { host: trainingHost(config), readBootId: () => Promise.resolve(bootId) },
  } as unknown as Services;
  const plugins = [new TrainingPlugin({ services })];
  const queues = queuesOf(taskQueue);
  const roles = options.queues ?? ['workflows', 'gpu', 'host'];
  const shared = {
    plugins,
    shutdownGraceTime: '1 s',
    shutdownForceTime: '5 s',
    maxHeartbeatThrottleInterval: '2 s',
  } as const;
  const all = {
    workflows: {
      taskQueue,
      ...(roles.includes('workflows') ? { workflowBundle: await workflowCode() } : {}),
    },
    gpu: { taskQueue: queues.gpu },
    host: { taskQueue: queues.gpuHost(options.hostQueue ?? trainingHost(config)) },
  };
  const places = placeHosts(config).map((host) => ({ taskQueue: queues.gpuHost(host) }));
  const wanted = roles.flatMap((name) => (name === 'host' ? [all.host, ...places] : [all[name]]));
  const workers = await runWorkers(options.address, shared, wanted);
  return {
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]();
      await database.destroy();
    },
  };
}

export async function replayTraining(workflowId: string, history: History): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: await workflowCode() }, history, workflowId);
}

function workflowCode(): Promise<WorkflowBundle> {
  return (bundle ??= bundleWorkflowCode({ workflowsPath, preloadModules, logger }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await startTrainingWorkers(JSON.parse(process.argv[2] ?? '') as TrainingWorkerOptions);
  process.stdout.write('ready\n');
}
