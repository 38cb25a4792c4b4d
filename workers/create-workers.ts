/** One worker per queue role in this process. Activities are registered on all; the queue an activity is sent to decides. */
import { cpus } from 'node:os';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createDataConverter } from '../activities/storage/payload-storage.ts';
import { type QueueRole, queueRoles, queuesOf } from '../workflows/shared/queues.ts';
import { AnswerPlugin } from './answer-plugin.ts';
import { DatasetPlugin } from './dataset-plugin.ts';
import { EvaluationPlugin } from './evaluation-plugin.ts';
import { trainingHost } from './config/training-host.ts';
import type { Services } from './services.ts';
import { placeHosts } from './training-places.ts';
import { TrainingPlugin } from './training-plugin.ts';
import { preloadModules, workflowsPath } from './workflow-code.ts';

/** `gpu` polls several queues: launching, this host's own, and one per launcher of the config. */
export async function createWorkers(options: {
  readonly connection: NativeConnection;
  readonly services: Services;
  readonly roles?: readonly QueueRole[];
}): Promise<Worker[]> {
  const { services, connection } = options;
  const { namespace, taskQueue } = services.config.temporal;
  const queues = queuesOf(taskQueue);
  const plugins = [AnswerPlugin, DatasetPlugin, TrainingPlugin, EvaluationPlugin].map(
    (Plugin) => new Plugin({ services }),
  );
  const create = (queue: string, role: RoleOptions): Promise<Worker> =>
    Worker.create({
      connection,
      namespace,
      taskQueue: queue,
      plugins,
      dataConverter: createDataConverter(services.database),
      // Progress and cancellation travel with heartbeats.
      maxHeartbeatThrottleInterval: '2 s',
      shutdownGraceTime: '10 s',
      shutdownForceTime: '15 s',
      ...role,
    });
  const workers: Worker[] = [];
  for (const role of options.roles ?? queueRoles) {
    workers.push(await create(queues[role], workerOptions(role, services)));
    if (role === 'gpu')
      for (const host of [trainingHost(services.config), ...placeHosts(services.config)])
        workers.push(await create(queues.gpuHost(host), activities(100)));
  }
  return workers;
}

type RoleOptions = Omit<WorkerOptions, 'taskQueue'>;

function workerOptions(role: QueueRole, { config }: Services): RoleOptions {
  const cores = Math.max(1, cpus().length);
  const byRole: Record<QueueRole, RoleOptions> = {
    workflows: {
      workflowsPath,
      bundlerOptions: { preloadModules },
      // Calls that a program waits for alone run beside it, and runs are settled here.
      ...activities(config.slots.llm + 100),
      maxConcurrentLocalActivityExecutions: Math.max(8, 2 * cores),
    },
    llm: activities(config.slots.llm),
    cpu: activities(config.slots.batches),
    grade: activities(2 * cores),
    code: activities(cores),
    gpu: activities(4),
  };
  return byRole[role];
}

function activities(slots: number): RoleOptions {
  return { maxConcurrentActivityTaskExecutions: slots };
}
