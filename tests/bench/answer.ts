/**
 * Durable mode with four worker processes: 100 queries of ten instant calls, one after another, against workflows of ten empty
 * activities in as many processes, in turns; pool programs over calls of log-normal latency against an ideal scheduler; and bulk mode's own time per call.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
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
const rounds = 2;
const answers = 32;
/** Queries come one by one, as from people. */
const betweenAnswersMs = 600;

const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
const silent = new DefaultLogger('ERROR');

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
        walls: await measureWalls(mas, queries, await programsOf()),
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

/** Runs `count` at once. */
type Run = (name: string, count: number) => Promise<unknown>;

function emptyRun(client: Client): Run {
  const args: Parameters<typeof fanOut> = ['nothing', 0, callsPerChain, 1];
  const run = (name: string): Promise<unknown> =>
    client.workflow.execute<typeof fanOut>('fanOut', { taskQueue: 'bench', workflowId: name, args });
  return (name, count) =>
    Promise.all(Array.from({ length: count }, (_, index) => run(`bench/${name}-${index}`)));
}

function chainRun(mas: MasClient): Run {
  const answer = async (query: string): Promise<void> => {
    const input = { query, driver: 'instant', generator: 'writer' };
    const handle = await mas.answer.start(input, { name: `chain-${query}` });
    const { answeredBy, usage } = await handle.result();
    if (answeredBy !== 'generated' || usage.llmCalls !== callsPerChain + 1)
      throw new Error(`${query}: ${answeredBy} in ${usage.llmCalls} calls`);
  };
  return (name, count) =>
    Promise.all(Array.from({ length: count }, (_, index) => answer(`${name}-${index}`)));
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMs: CpuMs;
}

/** The call that writes a program is not counted: it is part of what an answer costs. */
async function measureRun(
  stack: BenchStack,
  workers: readonly number[],
  run: () => Promise<unknown>,
): Promise<Measured> {
  const units = chains * callsPerChain;
  const cpu = await createCpuMeter(stack, workers);
  const began = performance.now();
  await run();
  const seconds = (performance.now() - began) / 1_000;
  return { perSecond: units / seconds, cpuMs: cpu.since(units) };
}

function meanOf(runs: readonly Measured[]): Measured {
  const mean = (pick: (run: Measured) => number): number => sum(runs.map(pick)) / runs.length;
  return {
    perSecond: 1 / mean(({ perSecond }) => 1 / perSecond),
    cpuMs: {
      workers: mean(({ cpuMs }) => cpuMs.workers),
      sandbox: mean(({ cpuMs }) => cpuMs.sandbox),
      temporal: mean(({ cpuMs }) => cpuMs.temporal),
      postgres: mean(({ cpuMs }) => cpuMs.postgres),
      all: mean(({ cpuMs }) => cpuMs.all),
    },
  };
}

type CpuMs = Record<'workers' | 'sandbox' | 'temporal' | 'postgres' | 'all', number>;

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
    since(units: number): CpuMs {
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
