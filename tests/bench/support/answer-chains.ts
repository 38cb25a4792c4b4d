/** Chains of ten: empty activities in workflows of the bench, and instant calls in answers of the product. */
import type { Client } from '@temporalio/client';
import type { MasClient } from '../../../clients/client.ts';
import type { fanOut } from '../workflows.ts';
import type { BenchStack } from './bench-stack.ts';
import { ownCpuMs, treeCpuMs } from './cpu-time.ts';
import { sum } from './figures.ts';

export const chains = 100;
export const callsPerChain = 10;

/** What the model `writer` writes. */
export const chainProgram = `from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        text = taskInfo
        for number in range(${callsPerChain}):
            text = self.llm.call_llm(f'{number}: {taskInfo} {text}')
        return text
`;

/** Runs `count` at once. */
export type Run = (name: string, count: number) => Promise<unknown>;

export function emptyRun(client: Client): Run {
  const args: Parameters<typeof fanOut> = ['nothing', 0, callsPerChain, 1];
  const run = (name: string): Promise<unknown> =>
    client.workflow.execute<typeof fanOut>('fanOut', { taskQueue: 'bench', workflowId: name, args });
  return (name, count) =>
    Promise.all(Array.from({ length: count }, (_, index) => run(`bench/${name}-${index}`)));
}

export function chainRun(mas: MasClient): Run {
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

export interface Measured {
  readonly perSecond: number;
  readonly cpuMs: CpuMs;
}

/** The call that writes a program is not counted: it is part of what an answer costs. */
export async function measureRun(
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

export function meanOf(runs: readonly Measured[]): Measured {
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
