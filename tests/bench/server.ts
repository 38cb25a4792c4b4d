/**
 * What the embedded server carries: activities that do nothing, fanned out and in one chain, against the product's own LLM
 * calls (journal of calls in PostgreSQL, limiter, HTTP to the simulated models), with and without Temporal around them.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { loadConfig } from '../../workers/config/load.ts';
import { openServices } from '../../workers/open-services.ts';
import type { BenchResult } from './main.ts';
import { quietTemporal, withBenchStack } from './support/bench-stack.ts';
import { round } from './support/figures.ts';
import type { fanOut } from './workflows.ts';

const counts = { nothing: 3_000, chain: 150, call: 1_500 };
const width = 50;

export default function benchServer(note: (text: string) => void): Promise<BenchResult> {
  quietTemporal();
  return withBenchStack({ worker: false, note }, (stack) => measure(stack.processEnv, note));
}

async function measure(env: NodeJS.ProcessEnv, note: (text: string) => void): Promise<BenchResult> {
  const services = await openServices(await loadConfig({ env }), { env });
  const address = env['TEMPORAL_ADDRESS'] as string;
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const call = async (index: number): Promise<void> => {
    await services.calls.call(
      {
        tenant: 'default',
        namespace: 'default',
        run: 'answer/bench',
        request: {
          model: 'sim-driver',
          messages: [{ role: 'user', content: `What is ${index} + 1?` }],
          temperature: 0.7,
          maxTokens: 64,
        },
        draw: createHash('sha256').update(String(index)).digest('hex'),
        callClass: 'evaluation',
      },
      { signal: new AbortController().signal, wait: 'block' },
    );
  };
  const worker = await Worker.create({
    connection: native,
    taskQueue: 'bench',
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    activities: { nothing: async () => {}, call },
    maxConcurrentActivityTaskExecutions: 2 * width,
  });
  const client = new Client({ connection });
  const perSecond = async (
    name: 'nothing' | 'call',
    from: number,
    count: number,
    wide: number,
  ): Promise<number> => {
    const args: Parameters<typeof fanOut> = [name, from, count, wide];
    const options = { taskQueue: 'bench', workflowId: `bench/${name}-${from}-${wide}`, args };
    return rate(count, () => client.workflow.execute<typeof fanOut>('fanOut', options));
  };
  try {
    return await worker.runUntil(async () => {
      await perSecond('nothing', 0, 200, width);
      note(`${counts.nothing} empty activities, ${width} at once`);
      const bare = await perSecond('nothing', 1, counts.nothing, width);
      note(`${counts.chain} empty activities, one after another`);
      const chain = await perSecond('nothing', 2, counts.chain, 1);
      note(`${counts.call} calls of the product, ${width} at once`);
      const calls = await perSecond('call', 0, counts.call, width);
      note(`${counts.call} calls without Temporal`);
      const direct = await rate(counts.call, () => inLanes(counts.call, 1_000_000, call));
      const recorded = await rate(counts.call, () => inLanes(counts.call, 1_000_000, call));
      return {
        metrics: {
          bareActivitiesPerS: round(bare),
          chainedActivitiesPerS: round(chain),
          productCallsPerS: round(calls),
          productCallsWithoutTemporalPerS: round(direct),
          recordedCallsPerS: round(recorded),
        },
        ratios: {
          productCallsToBareActivities: round(calls / bare),
          temporalShareOfCallRate: round(calls / direct),
        },
      };
    });
  } finally {
    await connection.close();
    await native.close();
    await services[Symbol.asyncDispose]();
  }
}

async function inLanes(count: number, from: number, call: (index: number) => Promise<void>): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) await call(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function rate(count: number, run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (count * 1_000) / (performance.now() - start);
}
