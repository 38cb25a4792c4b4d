/**
 * What a lost worker costs: a program of 200 journaled calls runs again from its journal, against its live run with instant
 * calls. One program calls in sequence, one from eight threads. The model must see no call a second time.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProgramRunner, type ExecutionSpec } from '../../activities/mas/run-program.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { openServices } from '../../workers/open-services.ts';
import type { Services } from '../../workers/services.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import type { BenchResult } from './main.ts';
import { withBenchStack } from './support/bench-stack.ts';
import { median, round } from './support/figures.ts';
import { startModelServer } from './support/model-server.ts';

const calls = 200;
const replays = 15;
const never = new AbortController().signal;

const programs = {
  sequential: `
text = taskInfo
for number in range(${calls}):
    text = self.llm.call_llm(f'{number}: {taskInfo} {text}')
return text`,
  threaded: `
with ThreadPoolExecutor(8) as pool:
    texts = list(pool.map(lambda number: self.llm.call_llm(f'{number}: {taskInfo}'), range(${calls})))
return ' '.join(texts)`,
};

export default function benchReplay(note: (text: string) => void): Promise<BenchResult> {
  return withBenchStack({ worker: false, note }, async (stack) => {
    await using server = await startModelServer({ queries: [], program: '' });
    const file = join(stack.home, 'bench.config.yaml');
    const model = { baseUrl: server.baseUrl, model: 'instant', revision: 'bench', limits: { inFlight: 64 } };
    await writeFile(file, JSON.stringify({ models: { instant: model } }));
    const env = { ...stack.processEnv, MASGPT_CONFIG: file };
    const services = await openServices(await loadConfig({ env }), { env });
    try {
      await measure(services, 'threaded', 'warm', 1);
      const sequential = await measure(services, 'sequential', 'timed', replays);
      const threaded = await measure(services, 'threaded', 'timed', replays);
      note(`sequential ${sequential.replayMs.toFixed(0)} ms, threaded ${threaded.replayMs.toFixed(0)} ms`);
      return {
        metrics: {
          journaledCalls: calls,
          replaySequentialMs: round(sequential.replayMs),
          replayThreadedMs: round(threaded.replayMs),
          liveSequentialMs: round(sequential.liveMs),
          liveThreadedMs: round(threaded.liveMs),
          callsMadeAgain: sequential.again + threaded.again,
          divergences: sequential.divergences + threaded.divergences,
        },
        ratios: {
          replayToLiveSequential: round(sequential.replayMs / sequential.liveMs),
          replayToLiveThreaded: round(threaded.replayMs / threaded.liveMs),
        },
      };
    } finally {
      await services[Symbol.asyncDispose]();
    }
  });
}

/** Medians. A replay is a claim after an attempt that was lost at its last step, so the row ends anew. */
async function measure(services: Services, name: keyof typeof programs, query: string, times: number) {
  const runner = createProgramRunner(services);
  const spec = specOf(programs[name], query);
  const run = async (): Promise<{ ms: number; divergences: number }> => {
    const began = performance.now();
    const { status, divergences } = await runner.run(spec, never);
    if (status !== 'answered') throw new Error(`the ${name} program failed`);
    return { ms: performance.now() - began, divergences };
  };
  const live = await run();
  const sends = await sendsOf(services);
  const key = await runner.key(spec);
  const replayed: { ms: number; divergences: number }[] = [];
  for (let time = 0; time < times; time += 1) {
    await services.database
      .updateTable('executions')
      .set({ status: 'running', ended_at: null })
      .where('key', '=', key)
      .execute();
    replayed.push(await run());
  }
  return {
    liveMs: live.ms,
    replayMs: median(replayed.map(({ ms }) => ms)),
    divergences: Math.max(...replayed.map(({ divergences }) => divergences)),
    again: (await sendsOf(services)) - sends,
  };
}

async function sendsOf({ database }: Services): Promise<number> {
  const { sends } = await database
    .selectFrom('llm_calls')
    .select(({ fn }) => fn.sum<number>('sends').as('sends'))
    .executeTakeFirstOrThrow();
  return Number(sends);
}

function specOf(body: string, query: string): ExecutionSpec {
  const lines = body.trim().split('\n');
  const source = [
    'from utils import *',
    'class MAS:',
    '    def __init__(self, model_list):',
    '        self.llm = LLM(model_list)',
    '    def forward(self, taskInfo):',
    ...lines.map((line) => `        ${line}`),
    '',
  ].join('\n');
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return {
    tenant: 'default',
    namespace: 'default',
    run: 'evaluation/replay',
    query: { id: sha256(query).slice(0, 32), text: query },
    program: { id: 'replayed', sha256: sha256(source), source },
    driver: 'instant',
    repeat: 0,
    runSeed: 0,
    limits: limitsSchema.parse({ maxCalls: calls }),
    callClass: 'evaluation',
    commonRandomNumbers: false,
  };
}
