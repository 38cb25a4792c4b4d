/**
 * Durable mode with four worker processes: 100 queries of ten instant calls, one after another, against workflows of ten empty
 * activities in as many processes, in turns; pool programs over calls of log-normal latency against an ideal scheduler; and
 * bulk mode's own time per call.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { generateQueries } from '../../activities/dataset/generate-queries.ts';
import { createMasClient } from '../../clients/client.ts';
import { startReadyProcess } from '../../clients/dev/ready-process.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { openServices } from '../../workers/open-services.ts';
import type { BenchResult } from './main.ts';
import {
  callsPerChain,
  chainProgram,
  chainRun,
  chains,
  emptyRun,
  meanOf,
  type Measured,
  measureRun,
} from './support/answer-chains.ts';
import { idealsOf, measureWalls } from './support/answer-latency.ts';
import { type BenchStack, withBenchStack } from './support/bench-stack.ts';
import { measureBulk } from './support/bulk-overhead.ts';
import { median, round, sum } from './support/figures.ts';
import { type ModelServer, startModelServer } from './support/model-server.ts';

const processes = 4;
const rounds = 2;
const answers = 32;
/** In bulk mode. */
const programsAtOnce = 8;

const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
const silent = new DefaultLogger('ERROR');

export default function benchAnswer(note: (text: string) => void): Promise<BenchResult> {
  return withBenchStack({ worker: false, note }, async (stack) => {
    const queries = generateQueries({ source: 'generated-test', seed: 11, count: answers });
    await using server = await startModelServer({ queries, program: chainProgram });
    const env = { ...stack.processEnv, MASGPT_CONFIG: await writeConfig(stack, server) };
    const connection = await Connection.connect({ address: stack.temporal.address });
    const client = new Client({ connection });
    const bundle = join(stack.home, 'bench-workflows.js');
    await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath, logger: silent })).code);
    const workers = await startWorkers(stack, 'workers/main.ts', env);
    const emptyEnv = { ...stack.processEnv, BENCH_BUNDLE: bundle };
    const emptyWorkers = await startWorkers(stack, 'tests/bench/support/empty-worker.ts', emptyEnv);
    // A start may take long when the machine is crowded.
    const { empty, chained, walls } = await connection.withDeadline(Date.now() + 1_800_000, async () => {
      const mas = createMasClient(client);
      const runs = { empty: emptyRun(client), chained: chainRun(mas) };
      await Promise.all([runs.empty('warm', 20), runs.chained('warm', 20)]);
      const measured = { empty: [] as Measured[], chained: [] as Measured[] };
      for (let round = 1; round <= rounds; round += 1) {
        note(`${chains} workflows of ${callsPerChain} empty activities`);
        measured.empty.push(await measureRun(stack, emptyWorkers.pids, () => runs.empty(`${round}`, chains)));
        note(`${chains} answers of ${callsPerChain} instant calls`);
        measured.chained.push(await measureRun(stack, workers.pids, () => runs.chained(`${round}`, chains)));
      }
      await emptyWorkers.stop();
      note(`${answers} answers over calls of log-normal latency`);
      return {
        empty: meanOf(measured.empty),
        chained: meanOf(measured.chained),
        walls: await measureWalls(mas, queries),
      };
    });
    await connection.close();
    await workers.stop();

    const services = await openServices(await loadConfig({ env }), { env });
    try {
      const ideals = await idealsOf(services, queries);
      const wall = sum([...ideals.keys()].map((name) => walls.get(name) ?? 0));
      const over = [...ideals].map(([name, ideal]) => (walls.get(name) ?? 0) - ideal);
      note('bulk mode');
      const bulk = await measureBulk(services, programsAtOnce);
      const alone = await measureBulk(services, 1);
      return {
        metrics: {
          emptyActivitiesPerS: round(empty.perSecond),
          emptyActivityCpuMs: round(empty.cpuMs.all),
          emptyActivityTemporalCpuMs: round(empty.cpuMs.temporal),
          sequentialCallsPerS: round(chained.perSecond),
          callCpuMs: round(chained.cpuMs.all),
          callWorkersCpuMs: round(chained.cpuMs.workers),
          callSandboxCpuMs: round(chained.cpuMs.sandbox),
          callTemporalCpuMs: round(chained.cpuMs.temporal),
          callPostgresCpuMs: round(chained.cpuMs.postgres),
          answersMeanWallS: round(wall / ideals.size / 1_000),
          answersMeanIdealS: round(sum(ideals.values()) / ideals.size / 1_000),
          answersOverIdealP50Ms: round(median(over)),
          bulkOverheadMsPerCall: round(bulk.overheadMs),
          bulkOverheadCpuMsPerCall: round(bulk.overheadCpuMs),
          bulkAloneOverheadMsPerCall: round(alone.overheadMs),
          bulkMsPerCall: round(bulk.bulkMs),
          clientAloneMsPerCall: round(bulk.clientMs),
        },
        ratios: {
          vsSequentialEmpty: round(chained.perSecond / empty.perSecond),
          emptyActivityToCallCpu: round(empty.cpuMs.all / chained.cpuMs.all),
          vsIdeal: round(wall / sum(ideals.values())),
          bulkToClientAlone: round(bulk.bulkMs / bulk.clientMs),
        },
      };
    } finally {
      await services[Symbol.asyncDispose]();
    }
  });
}

async function writeConfig(stack: BenchStack, { baseUrl }: ModelServer): Promise<string> {
  const model = { baseUrl, revision: 'bench', limits: { inFlight: 200 } };
  const models = Object.fromEntries(
    ['driver', 'instant', 'writer'].map((name) => [name, { ...model, model: name }]),
  );
  const file = join(stack.home, 'bench.config.yaml');
  await writeFile(file, JSON.stringify({ models }));
  return file;
}

/** Returns when all poll. */
async function startWorkers(stack: BenchStack, module: string, env: NodeJS.ProcessEnv) {
  const logFile = join(stack.home, 'logs', 'bench-worker.log');
  const started = await Promise.all(
    Array.from({ length: processes }, () => startReadyProcess({ name: 'worker', module, env, logFile })),
  );
  return {
    pids: started.map(({ process }) => process.pid),
    stop: async (): Promise<void> => void (await Promise.all(started.map(({ process }) => process.stop()))),
  };
}
