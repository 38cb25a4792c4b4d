/** A database, a home, a simulator, a client and workers of its own: what a matrix runs on, with the product's own worker process to kill. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { createMasClient, type MasClient } from '../../clients/client.ts';
import { productScript } from '../../clients/dev/product-script.ts';
import type { RequestStats } from '../../clients/dev/simulator/request-counts.ts';
import { startSimulator } from '../../clients/dev/simulator/server.ts';
import { faultSettingsSchema, settingsFrom } from '../../clients/dev/simulator/settings.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { DatasetPlugin } from '../../workers/dataset-plugin.ts';
import { openServices } from '../../workers/open-services.ts';
import type { Services } from '../../workers/services.ts';
import type { DatasetRequest, DatasetResult } from '../../workflows/dataset/contract.ts';
import { queuesOf } from '../../workflows/shared/queues.ts';
import { freshDatabase, freshTaskQueue, temporal } from './environment.ts';
import { runWorkers, startWorkerProcess, type WorkerProcess } from './run-workers.ts';
import { preloadModules, workflowsPath } from '../../workers/workflow-code.ts';

interface CacheOptions {
  /** 0: every workflow task replays the history. */
  readonly maxCachedWorkflows?: number;
}

export interface SimulatedStack extends AsyncDisposable {
  readonly taskQueue: string;
  readonly services: Services;
  readonly client: Client;
  readonly mas: MasClient;
  stats(): Promise<RequestStats>;
  /** In this process. Disposing drains them. */
  startWorkers(options?: CacheOptions): Promise<AsyncDisposable>;
  /** `workers/main.ts`; returns once it polls. */
  startProcess(): Promise<WorkerProcess>;
  /** With workers for as long as it takes. */
  build(request: DatasetRequest, name: string, options?: CacheOptions): Promise<DatasetResult>;
}

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** `latencyMs` of each simulated call, so that a test can meet it half-way. `address`: of the Temporal server, the suite's by default. */
export async function simulatedStack({
  latencyMs = 0,
  address = temporal.address(),
} = {}): Promise<SimulatedStack> {
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
    TEMPORAL_ADDRESS: address,
    MASGPT_SIMULATOR_URL: simulator.url,
    MASGPT_SIMULATOR_TOKEN: token,
    MASGPT_SIMULATOR_REVISION: simulator.revision,
  };
  const services = await openServices(await loadConfig({ env }), { env, log: () => {} });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const mas = createMasClient(client, { taskQueue });
  const processes = new Set<WorkerProcess>();

  const startWorkers = async (options: CacheOptions = {}): Promise<AsyncDisposable> => {
    const workflowBundle = await (bundle ??= bundleWorkflowCode({ workflowsPath, preloadModules }));
    const queues = queuesOf(taskQueue);
    return runWorkers(address, { plugins: [new DatasetPlugin({ services })] }, [
      { ...options, taskQueue, workflowBundle },
      { taskQueue: queues.cpu },
      { taskQueue: queues.grade },
    ]);
  };

  return {
    ...{ taskQueue, services, client, mas, startWorkers },
    stats: async () => (await (await fetch(`${simulator.url}/stats`)).json()) as RequestStats,
    async startProcess() {
      const worker = await startWorkerProcess(productScript('workers/main.ts'), { ...process.env, ...env });
      processes.add(worker);
      return worker;
    },
    async build(request, name, options) {
      await using _workers = await startWorkers(options);
      return await (await mas.dataset.start(request, { name })).result();
    },
    async [Symbol.asyncDispose]() {
      for (const worker of processes) if (worker.running()) await worker.kill('SIGKILL');
      await connection.close();
      await services[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}
