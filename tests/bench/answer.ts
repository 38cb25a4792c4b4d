/**
 * Durable mode with four worker processes: 100 queries of ten instant calls, one after another, against workflows of ten empty
 * activities; pool programs over calls of log-normal latency against an ideal scheduler; and bulk mode's own time per call.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { generateQueries } from '../../activities/dataset/generate-queries.ts';
import { createJournal, type JournalEntry } from '../../activities/mas/journal.ts';
import { drawOf } from '../../activities/mas/execution-key.ts';
import { type PoolProgram, readPool } from '../../activities/mas/pool.ts';
import { seedOf } from '../../activities/llm/send-call.ts';
import { createMasClient, type MasClient } from '../../clients/client.ts';
import { startReadyProcess } from '../../clients/dev/ready-process.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { openServices } from '../../workers/open-services.ts';
import type { Services } from '../../workers/services.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import type { Query } from '../../workflows/shared/query.ts';
import type { BenchResult } from './main.ts';
import { type BenchStack, withBenchStack } from './support/bench-stack.ts';
import { measureBulk } from './support/bulk-overhead.ts';
import { ownCpuMs, treeCpuMs } from './support/cpu-time.ts';
import { median, round, sum } from './support/figures.ts';
import { idealMs } from './support/ideal-schedule.ts';
import { latencyMs, type ModelServer, startModelServer } from './support/model-server.ts';
import type { fanOut } from './workflows.ts';

const processes = 4;
const chains = 100;
const callsPerChain = 10;
const answers = 36;
/** Queries come one by one, as from people. */
const betweenAnswersMs = 700;

const chainProgram = `from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        text = taskInfo
        for number in range(${callsPerChain}):
            text = self.llm.call_llm(f'{number}: {taskInfo} {text}')
        return text
`;

export default function benchAnswer(note: (text: string) => void): Promise<BenchResult> {
  return withBenchStack({ worker: false, note }, async (stack) => {
    const queries = generateQueries({ source: 'generated-test', seed: 11, count: answers });
    await using server = await startModelServer({ queries, program: chainProgram });
    const env = { ...stack.processEnv, MASGPT_CONFIG: await writeConfig(stack, server) };
    await using connection = disposable(await Connection.connect({ address: stack.temporal.address }));
    const client = new Client({ connection: connection.value });

    note(`${chains} workflows of ${callsPerChain} empty activities`);
    const empty = await measureEmpty(stack, client);
    const workers = await startWorkers(stack, 'workers/main.ts', env);
    const mas = createMasClient(client);
    note(`${chains} answers of ${callsPerChain} instant calls`);
    const chained = await measureChains(stack, workers.pids, mas);
    note(`${answers} answers over calls of log-normal latency`);
    const walls = await measureWalls(mas, queries, await programsOf());
    await workers.stop();

    const services = await openServices(await loadConfig({ env }), { env });
    try {
      const ideals = await idealsOf(services, queries);
      const wall = sum([...ideals.keys()].map((name) => walls.get(name) ?? 0));
      const over = [...ideals].map(([name, ideal]) => (walls.get(name) ?? 0) - ideal);
      note('bulk mode');
      const bulk = await measureBulk(services);
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

async function measureEmpty(stack: BenchStack, client: Client) {
  const workers = await startWorkers(stack, 'tests/bench/support/empty-worker.ts', stack.processEnv);
  const run = async (name: string, count: number): Promise<void> => {
    const args: Parameters<typeof fanOut> = ['nothing', 0, callsPerChain, 1];
    const start = (index: number): Promise<unknown> =>
      client.workflow.execute<typeof fanOut>('fanOut', {
        taskQueue: 'bench',
        workflowId: `bench/${name}-${index}`,
        args,
      });
    await Promise.all(Array.from({ length: count }, (_, index) => start(index)));
  };
  await run('warm', 20);
  const cpu = await createCpuMeter(stack, workers.pids);
  const began = performance.now();
  await run('empty', chains);
  const seconds = (performance.now() - began) / 1_000;
  const cpuMs = cpu.since(chains * callsPerChain);
  await workers.stop();
  return { perSecond: (chains * callsPerChain) / seconds, cpuMs };
}

async function measureChains(stack: BenchStack, workers: readonly number[], mas: MasClient) {
  const run = async (name: string, count: number): Promise<void> => {
    const answer = async (index: number): Promise<void> => {
      const query = `${name} ${index}`;
      const handle = await mas.answer.start(
        { query, driver: 'instant', generator: 'writer' },
        { name: `${name}-${index}` },
      );
      const { answeredBy, usage } = await handle.result();
      if (answeredBy !== 'generated' || usage.llmCalls !== callsPerChain + 1)
        throw new Error(`${query}: ${answeredBy} in ${usage.llmCalls} calls`);
    };
    await Promise.all(Array.from({ length: count }, (_, index) => answer(index)));
  };
  await run('warm', 20);
  const cpu = await createCpuMeter(stack, workers);
  const began = performance.now();
  await run('chain', chains);
  const seconds = (performance.now() - began) / 1_000;
  // The call that writes the program is not counted: it is part of what an answer costs.
  const calls = chains * callsPerChain;
  return { perSecond: calls / seconds, cpuMs: cpu.since(calls) };
}

/** CPU milliseconds of the parts, per unit of work. */
async function createCpuMeter(stack: BenchStack, workers: readonly number[]) {
  const [temporal, postgres] = await Promise.all([stack.pidOf('temporal'), stack.pidOf('postgres')]);
  const read = () => {
    const own = sum(workers.map(ownCpuMs));
    return {
      workers: own,
      sandbox: sum(workers.map(treeCpuMs)) - own,
      temporal: treeCpuMs(temporal),
      postgres: treeCpuMs(postgres),
    };
  };
  const before = read();
  return {
    since(units: number) {
      const after = read();
      const of = (part: keyof typeof before): number => (after[part] - before[part]) / units;
      const parts = {
        workers: of('workers'),
        sandbox: of('sandbox'),
        temporal: of('temporal'),
        postgres: of('postgres'),
      };
      return { ...parts, all: sum(Object.values(parts)) };
    },
  };
}

/** Wall milliseconds by name of the answer, from its start at the client to its result there. */
async function measureWalls(
  mas: MasClient,
  queries: readonly Query[],
  programs: readonly PoolProgram[],
): Promise<Map<string, number>> {
  const walls = new Map<string, number>();
  const answer = async ({ text }: Query, index: number): Promise<void> => {
    await new Promise((wake) => setTimeout(wake, index * betweenAnswersMs));
    const began = performance.now();
    const program = programs[index % programs.length]?.id ?? 'single';
    const name = nameOf(index);
    const handle = await mas.answer.start({ query: text, driver: 'driver', program }, { name });
    const { status } = await handle.result();
    if (status === 'answered') walls.set(name, performance.now() - began);
  };
  await Promise.all(queries.map(answer));
  return walls;
}

/** Ideal milliseconds by name of the answer, for those that their first program answered. */
async function idealsOf(services: Services, queries: readonly Query[]): Promise<Map<string, number>> {
  const journal = createJournal(services.database);
  const sandbox = await services.sandbox();
  const ideals = new Map<string, number>();
  for (const [index, query] of queries.entries()) {
    const name = nameOf(index);
    const rows = await services.database
      .selectFrom('executions')
      .selectAll()
      .where('run', '=', `answer/${name}`)
      .execute();
    const [row] = rows;
    if (rows.length !== 1 || row?.status !== 'answered') continue;
    const { seed } = row;
    const latencyOf = ({ call, lineage, occurrence }: JournalEntry): number =>
      call.method === 'chat' ? latencyMs(seedOf(drawOf(seed, lineage, occurrence))) : 0;
    const ideal = await idealMs({
      sandbox,
      start: {
        source: await services.blobs.getText(row.program_sha256),
        query: query.text,
        seed,
        startedAtMs: row.started_at.getTime(),
        models: ['driver'],
        limits: limitsSchema.parse({}),
      },
      journal: await journal.load(row.key),
      latencyMs: latencyOf,
    });
    ideals.set(name, ideal);
  }
  return ideals;
}

function nameOf(index: number): string {
  return `latency-${index}`;
}

/** Those with more than two calls: in sequence, in parallel, and both. */
async function programsOf(): Promise<readonly PoolProgram[]> {
  return (await readPool()).list().filter(({ calls }) => calls.max > 2);
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

function disposable(value: Connection): { readonly value: Connection } & AsyncDisposable {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
