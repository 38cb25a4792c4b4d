/** A database, a home, a simulator and workers of its own: what a matrix runs on, with the product's own worker process to kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { productScript } from '../../clients/dev/product-script.ts';
import type { RequestStats } from '../../clients/dev/simulator/request-counts.ts';
import { startSimulator } from '../../clients/dev/simulator/server.ts';
import { faultSettingsSchema, settingsFrom } from '../../clients/dev/simulator/settings.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { DatasetPlugin } from '../../workers/dataset-plugin.ts';
import { openServices } from '../../workers/open-services.ts';
import type { Services } from '../../workers/services.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';
import { freshDatabase, freshTaskQueue, temporal } from './environment.ts';

export interface SimulatedStack extends AsyncDisposable {
  readonly taskQueue: string;
  readonly services: Services;
  stats(): Promise<RequestStats>;
  /** In this process. Disposing drains them. */
  startWorkers(options?: { readonly maxCachedWorkflows?: number }): Promise<AsyncDisposable>;
  /** `workers/main.ts`; returns once it polls. */
  startProcess(): Promise<ChildProcess>;
}

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

const workflowsPath = fileURLToPath(new URL('../../workflows', import.meta.url));
let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** `latencyMs` of each simulated call, so that a test can meet it half-way. */
export async function simulatedStack({ latencyMs = 0 } = {}): Promise<SimulatedStack> {
  const fresh = await freshDatabase();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-simulated-'));
  const token = 'test';
  const latency = latencyMs > 0 ? { kind: 'constant', ms: latencyMs } : { kind: 'none' };
  const faults = faultSettingsSchema.parse({ latency });
  const simulator = await startSimulator({ ...settingsFrom({}), token, faults });
  const taskQueue = freshTaskQueue();
  const env = {
    PATH: process.env['PATH'],
    MASGPT_HOME: home,
    MASGPT_TASK_QUEUE: taskQueue,
    DATABASE_URL: fresh.url,
    TEMPORAL_ADDRESS: temporal.address(),
    MASGPT_SIMULATOR_URL: simulator.url,
    MASGPT_SIMULATOR_TOKEN: token,
    MASGPT_SIMULATOR_REVISION: simulator.revision,
  };
  const services = await openServices(await loadConfig({ env }), { env, log: () => {} });
  const children = new Set<ChildProcess>();

  return {
    taskQueue,
    services,
    stats: async () => (await (await fetch(`${simulator.url}/stats`)).json()) as RequestStats,
    async startWorkers(options = {}) {
      const connection = await NativeConnection.connect({ address: temporal.address() });
      const shared = { connection, plugins: [new DatasetPlugin({ services })] };
      const queues = queuesOf(taskQueue);
      const workflowBundle = await (bundle ??= bundleWorkflowCode({ workflowsPath }));
      const workers = [
        await Worker.create({ ...shared, ...options, taskQueue, workflowBundle }),
        await Worker.create({ ...shared, taskQueue: queues.cpu }),
        await Worker.create({ ...shared, taskQueue: queues.grade }),
      ];
      const running = Promise.all(workers.map((worker) => worker.run()));
      return {
        async [Symbol.asyncDispose]() {
          for (const worker of workers) worker.shutdown();
          await running;
          await connection.close();
        },
      };
    },
    async startProcess() {
      const child = spawn(process.execPath, productScript('workers/main.ts'), {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      await once(createInterface({ input: child.stdout }), 'line');
      child.stdout.resume();
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
      await services[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}
