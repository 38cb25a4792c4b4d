/** One worker per queue role in this process. Activities are registered on all; the queue an activity is sent to decides. */
import { cpus, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createDataConverter } from '../activities/storage/payload-storage.ts';
import { type QueueRole, queueRoles, queuesOf } from '../workflows/shared/queues.ts';
import type { Services } from './services.ts';
import type { WorkerPlugin } from '@temporalio/worker';

/** `gpu` polls two queues: launching, and this host's own. */
export async function createWorkers(options: {
  readonly connection: NativeConnection;
  readonly services: Services;
  readonly roles?: readonly QueueRole[];
}): Promise<Worker[]> {
  const { services, connection } = options;
  const { namespace, taskQueue } = services.config.temporal;
  const queues = queuesOf(taskQueue);
  const plugins = await loadPlugins(services);
  const create = (queue: string, role: RoleOptions): Promise<Worker> =>
    Worker.create({
      connection,
      namespace,
      taskQueue: queue,
      plugins,
      dataConverter: createDataConverter(services.database),
      shutdownGraceTime: '10 s',
      shutdownForceTime: '15 s',
      ...role,
    });
  const workers: Worker[] = [];
  for (const role of options.roles ?? queueRoles) {
    workers.push(await create(queues[role], workerOptions(role, services)));
    if (role === 'gpu') workers.push(await create(queues.gpuHost(hostname()), activities(100)));
  }
  return workers;
}

type RoleOptions = Omit<WorkerOptions, 'taskQueue'>;

function workerOptions(role: QueueRole, { config }: Services): RoleOptions {
  const cores = Math.max(1, cpus().length);
  const byRole: Record<QueueRole, RoleOptions> = {
    workflows: {
      workflowsPath: fileURLToPath(new URL('../workflows', import.meta.url)),
      ...activities(100),
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

const domains = ['answer', 'dataset', 'training', 'evaluation'];

async function loadPlugins(services: Services): Promise<WorkerPlugin[]> {
  const plugins: WorkerPlugin[] = [];
  for (const domain of domains) {
    try {
      const module = (await import(`./${domain}-plugin.ts`)) as Record<
        string,
        new (options: { services: Services }) => WorkerPlugin
      >;
      const Plugin = Object.entries(module).find(([name]) => name.endsWith('Plugin'))?.[1];
      if (Plugin) plugins.push(new Plugin({ services }));
    } catch (error) {
      process.stderr.write(`no ${domain} plugin: ${String(error)}\n`);
    }
  }
  return plugins;
}
