/**
 * Bulk mode as it is shipped: 40 pool programs x 25 queries through a worker process, with journal, isolation and costs,
 * against the simulated models at 0 and 200 ms; then a worker that is killed half-way. All on one machine, simulator included.
 */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createAnswerKey } from '../../activities/benchmarks/answer-key.ts';
import { generateQueries } from '../../activities/dataset/generate-queries.ts';
import { readPool } from '../../activities/mas/pool.ts';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../activities/storage/database.ts';
import type { Database } from '../../activities/storage/tables.ts';
import type { FaultSettings } from '../../clients/dev/simulator/settings.ts';
import { simulatorRoot } from '../../workers/config/simulated-models.ts';
import { type BatchInput, type Plan, planSchema } from '../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import { priorities, queuesOf } from '../../workflows/shared/queues.ts';
import type { BenchResult } from './main.ts';
import { type BenchStack, quietTemporal, withBenchStack } from './support/bench-stack.ts';
import { ownCpuMs, treeCpuMs } from './support/cpu-time.ts';
import { round, sum } from './support/figures.ts';
import type { runBatches } from './workflows.ts';

const programs = 40;
const queries = 25;
const batchSize = 500;
/** Cells of the runs that warm up and that lose their worker. */
const warmCells = 60;
const killedCells = 300;

export default function benchMatrix(note: (text: string) => void): Promise<BenchResult> {
  quietTemporal();
  return withBenchStack({ worker: true, note }, (stack) => measure(stack, note));
}

async function measure(stack: BenchStack, note: (text: string) => void): Promise<BenchResult> {
  await using bench = await openBench(stack);
  const { database, plan } = bench;
  await setLatency(stack, 0);
  await bench.run('warm', await plan(1), warmCells);

  const timed = async (latencyMs: number, seed: number) => {
    await setLatency(stack, latencyMs);
    const planned = await plan(seed);
    const run = `evaluation/at-${latencyMs}`;
    const parts = ['worker', 'simulator', 'postgres', 'temporal'] as const;
    const pids = await Promise.all(parts.map((part) => stack.pidOf(part)));
    const before = pids.map(treeCpuMs);
    const workerBefore = ownCpuMs(pids[0] as number);
    const began = performance.now();
    await bench.run(run, planned, planned.cells);
    const seconds = (performance.now() - began) / 1_000;
    const perExecution = (index: number): number =>
      (treeCpuMs(pids[index] as number) - (before[index] as number)) / planned.cells;
    const [worker = 0, simulator = 0, postgres = 0, temporal = 0] = pids.map((_, index) =>
      perExecution(index),
    );
    const host = (ownCpuMs(pids[0] as number) - workerBefore) / planned.cells;
    const ended = await database
      .selectFrom('executions')
      .select(['status', 'failure_kind', 'failure_message', 'llm_calls'])
      .where('run', '=', run)
      .execute();
    const failed = ended.filter(({ status }) => status !== 'answered');
    note(`${latencyMs} ms: ${ended.length} executions in ${seconds.toFixed(1)} s, ${failed.length} failed`);
    for (const { failure_kind: kind, failure_message: message } of failed.slice(0, 5))
      note(`  ${kind}: ${message?.split('\n').at(-1)}`);
    return {
      perSecond: planned.cells / seconds,
      callsPerExecution: sum(ended.map(({ llm_calls }) => llm_calls)) / ended.length,
      timeouts: failed.filter(({ failure_kind: kind }) => kind === 'computeLimit' || kind === 'totalLimit')
        .length,
      cpuMs: { worker: host, sandbox: worker - host, simulator, postgres, temporal },
    };
  };

  const at0 = await timed(0, 2);
  const at200 = await timed(200, 3);
  await setLatency(stack, 20);
  note(`${killedCells} executions, their worker killed half-way`);
  const killed = await runKilled(stack, bench, await plan(4));
  const cpuMs = sum(Object.values(at0.cpuMs));
  return {
    metrics: {
      executionsPerSecondAt0Ms: round(at0.perSecond),
      executionsPerSecondAt200Ms: round(at200.perSecond),
      callsPerExecution: round(at0.callsPerExecution),
      cpuMsPerExecutionAt0Ms: round(cpuMs),
      workerCpuMsPerExecution: round(at0.cpuMs.worker),
      sandboxCpuMsPerExecution: round(at0.cpuMs.sandbox),
      simulatorCpuMsPerExecution: round(at0.cpuMs.simulator),
      postgresCpuMsPerExecution: round(at0.cpuMs.postgres),
      temporalCpuMsPerExecution: round(at0.cpuMs.temporal),
      falseTimeouts: at0.timeouts + at200.timeouts,
      finishedCallsAtKill: killed.finished,
      finishedCallsRepeatedAfterKill: killed.repeated,
      callsInFlightRepeatedAfterKill: killed.inFlightRepeated,
    },
    ratios: { at200MsTo0Ms: round(at200.perSecond / at0.perSecond) },
  };
}

interface Planned {
  readonly sha256: string;
  readonly cells: number;
}

interface Bench extends AsyncDisposable {
  readonly database: Database;
  /** Another seed draws other replies: nothing of it is on record. */
  plan(seed: number): Promise<Planned>;
  run(run: string, planned: Planned, cells: number): Promise<void>;
}

/** The bench's own worker holds its workflow only; programs run in the product's worker process. */
async function openBench(stack: BenchStack): Promise<Bench> {
  const { address } = stack.temporal;
  const database = openDatabase(stack.databaseUrl, { max: 2 });
  const blobs = createDirectoryBlobs(`${stack.home}/blobs`);
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const taskQueue = 'bench';
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  });
  const running = worker.run();
  const chosen = generateQueries({ source: 'generated-test', seed: 7, count: queries });
  const { url, token } = stack.simulator;
  await createAnswerKey({ root: simulatorRoot(url), token }).add(chosen);
  const queryBlob = await blobs.put(chosen.map((query) => JSON.stringify(query)).join('\n'));
  const pool = (await readPool()).list().slice(0, programs);
  const systems = await Promise.all(
    pool.map(async ({ id, source }) => ({
      kind: 'program' as const,
      id,
      program: { id, sha256: await blobs.put(source) },
    })),
  );
  return {
    database,
    async plan(seed) {
      const plan: Plan = planSchema.parse({
        v: 1,
        queries: queryBlob,
        queryCount: queries,
        systems,
        drivers: ['sim-driver'],
        repeats: 1,
        seed,
        tenant: 'default',
        limits: limitsSchema.parse({}),
      });
      return { sha256: await blobs.put(JSON.stringify(plan)), cells: systems.length * queries };
    },
    async run(run, { sha256, cells: all }, wanted) {
      const cells = Math.min(all, wanted);
      const batches: BatchInput[] = [];
      const size = Math.min(batchSize, Math.ceil(cells / 2));
      for (let from = 0; from < cells; from += size)
        batches.push({
          plan: sha256,
          from,
          to: Math.min(cells, from + size),
          run,
          priority: priorities.evaluation,
        });
      await client.workflow.execute<typeof runBatches>('runBatches', {
        taskQueue,
        workflowId: `bench/${run}`,
        args: [batches, queuesOf('masgpt').cpu],
      });
    },
    async [Symbol.asyncDispose]() {
      worker.shutdown();
      await running;
      await connection.close();
      await native.close();
      await database.destroy();
    },
  };
}

/** The stack starts the killed worker anew; the batch goes on when its heartbeat is missed. */
async function runKilled(stack: BenchStack, { database, run }: Bench, planned: Planned) {
  const name = 'evaluation/killed';
  const callsOf = (): Promise<{ key: string; state: string; sends: number }[]> =>
    database.selectFrom('llm_calls').select(['key', 'state', 'sends']).where('run', '=', name).execute();
  const running = run(name, planned, killedCells);
  running.catch(() => {});
  const halfWay = Math.min(planned.cells, killedCells) / 2;
  for (;;) {
    const ended = await database
      .selectFrom('executions')
      .select('key')
      .where('run', '=', name)
      .where('status', '!=', 'running')
      .execute();
    if (ended.length >= halfWay) break;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  process.kill(await stack.pidOf('worker'), 'SIGKILL');
  // What PostgreSQL was given before the kill is committed by then.
  await new Promise((wake) => setTimeout(wake, 500));
  const finished = new Map(
    (await callsOf()).flatMap(({ key, state, sends }) => (state === 'done' ? [[key, sends]] : [])),
  );
  await running;
  const after = await callsOf();
  return {
    finished: finished.size,
    repeated: sum(after.map(({ key, sends }) => (finished.has(key) ? sends - (finished.get(key) ?? 0) : 0))),
    inFlightRepeated: sum(after.map(({ key, sends }) => (finished.has(key) ? 0 : sends - 1))),
  };
}

async function setLatency({ simulator }: BenchStack, ms: number): Promise<void> {
  const latency: FaultSettings['latency'] = ms === 0 ? { kind: 'none' } : { kind: 'constant', ms };
  const response = await fetch(`${simulatorRoot(simulator.url)}/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.token}` },
    body: JSON.stringify({ latency }),
  });
  if (!response.ok) throw new Error(`the simulator took no latency: HTTP ${response.status}`);
}
