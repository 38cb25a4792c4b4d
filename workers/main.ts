/**
 * A worker process: `--queues workflows,llm` (default all), `--config FILE`. Prints one JSON line on standard output when
 * its pollers run; everything else goes to standard error. SIGTERM drains: running activities get 10 s to end.
 */
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { Registry } from 'prom-client';
import { createDataConverter } from '../activities/storage/payload-storage.ts';
import { type QueueRole, queueRoles } from '../workflows/shared/queues.ts';
import { loadConfig } from './config/load.ts';
import { connectWorker } from './connection.ts';
import { createWorkers } from './create-workers.ts';
import { registerLastPoll } from './metrics/last-poll.ts';
import { serveMetrics, type ServedMetrics } from './metrics/serve-metrics.ts';
import { registerTrainingAttempts } from './metrics/training-attempts.ts';
import { registerTrainingRuns } from './metrics/training-runs.ts';
import { openServices } from './open-services.ts';

const { values } = parseArgs({ options: { queues: { type: 'string' }, config: { type: 'string' } } });

Runtime.install({
  logger: new DefaultLogger('WARN', (entry) => {
    const meta = entry.meta ? ` ${JSON.stringify(entry.meta)}` : '';
    process.stderr.write(`${new Date().toISOString()} ${entry.level} ${entry.message}${meta}\n`);
  }),
  telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  // Signals are handled here: SIGINT of a terminal is the parent's business.
  shutdownSignals: [],
});

const roles = rolesOf(values.queues);
const config = await loadConfig({ file: values.config, env: process.env });
await using services = await openServices(config);
const connection = await connectWorker({ config, env: process.env });
const registry = config.metrics.address === undefined ? undefined : new Registry();
const observer = registry && registerTrainingAttempts(registry, services.database);
const workers = await createWorkers({ connection, services: { ...services, observer }, roles });
const queues = workers.map((worker) => worker.options.taskQueue);
const metrics = await openMetrics();

const drain = (): void => {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
};
process.on('SIGTERM', drain);
process.on('SIGINT', drain);

const runs = workers.map((worker) =>
  worker.run().catch((error: unknown) => {
    drain();
    throw error;
  }),
);
process.stdout.write(
  `${JSON.stringify({ status: 'ready', queues, ...(metrics ? { metricsUrl: metrics.url } : {}) })}\n`,
);
await Promise.all(runs);
await metrics?.[Symbol.asyncDispose]();
await connection.close();

async function openMetrics(): Promise<ServedMetrics | undefined> {
  const { address } = config.metrics;
  if (address === undefined || !registry || !observer) return undefined;
  const { namespace } = config.temporal;
  const [identity = ''] = workers.map((worker) => worker.options.identity);
  registerLastPoll(registry, { service: connection.workflowService, namespace, queues, identity });
  const { database } = services;
  const client = new Client({ connection, namespace, dataConverter: createDataConverter(database) });
  registerTrainingRuns(registry, { client, database, namespace, watched: observer.watched });
  return serveMetrics(registry, address);
}

function rolesOf(text: string | undefined): readonly QueueRole[] {
  if (text === undefined) return queueRoles;
  return text.split(',').map((name) => {
    const role = queueRoles.find((known) => known === name.trim());
    if (!role) throw new Error(`unknown queue "${name}": one of ${queueRoles.join(', ')}`);
    return role;
  });
}
