/**
 * Bulk mode's own time per agent call: a program of sequential instant calls, against the same calls made by the model's HTTP
 * client alone, in the same process. The difference holds sandbox, journal, call record, limiter and budget.
 */
import { createHash } from 'node:crypto';
import { createOpenAiChat } from '../../../activities/llm/openai-chat.ts';
import { createProgramRunner, type ExecutionSpec } from '../../../activities/mas/run-program.ts';
import { createModels } from '../../../workers/config/models.ts';
import type { Services } from '../../../workers/services.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { median } from './figures.ts';

const calls = 100;
const rounds = 3;

export interface BulkOverhead {
  readonly bulkMs: number;
  readonly clientMs: number;
  readonly overheadMs: number;
  /** CPU of this process per call beyond the client's; a crowded machine changes it less. */
  readonly overheadCpuMs: number;
}

/** `programs` at once: what one waits for, another uses. Times are those of all calls, divided by their number. */
export async function measureBulk(services: Services, programs: number): Promise<BulkOverhead> {
  const runner = createProgramRunner(services);
  const models = createModels({ config: services.config, env: {} });
  const endpoint = await models.get('instant');
  const send = createOpenAiChat();
  const never = new AbortController().signal;

  const inBulk = async (round: number): Promise<void> => {
    const run = async (index: number): Promise<void> => {
      const { status } = await runner.run(specOf(`bulk ${programs} ${round} ${index}`), never);
      if (status !== 'answered') throw new Error('a program of sequential calls failed');
    };
    await Promise.all(Array.from({ length: programs }, (_, index) => run(index)));
  };
  const byClient = async (round: number): Promise<void> => {
    const run = async (index: number): Promise<void> => {
      for (let number = 0; number < calls; number += 1) {
        const content = `${number}: client ${round} ${index} ok`;
        const request = {
          model: 'instant',
          messages: [{ role: 'user' as const, content }],
          temperature: 0.5,
          maxTokens: 2048,
        };
        await send(endpoint, request, { seed: number }, never);
      }
    };
    await Promise.all(Array.from({ length: programs }, (_, index) => run(index)));
  };

  await byClient(0);
  await inBulk(0);
  const bulk: PerCall[] = [];
  const client: PerCall[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    bulk.push(await perCall(programs * calls, () => inBulk(round)));
    client.push(await perCall(programs * calls, () => byClient(round)));
  }
  const bulkMs = median(bulk.map(({ ms }) => ms));
  const clientMs = median(client.map(({ ms }) => ms));
  const cpuMs = (runs: readonly PerCall[]): number => median(runs.map((run) => run.cpuMs));
  return { bulkMs, clientMs, overheadMs: bulkMs - clientMs, overheadCpuMs: cpuMs(bulk) - cpuMs(client) };
}

interface PerCall {
  readonly ms: number;
  readonly cpuMs: number;
}

async function perCall(count: number, run: () => Promise<void>): Promise<PerCall> {
  const before = process.cpuUsage();
  const began = performance.now();
  await run();
  const ms = (performance.now() - began) / count;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1_000 / count };
}

const source = `from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        text = taskInfo
        for number in range(${calls}):
            text = self.llm.call_llm(f'{number}: {taskInfo} {text}')
        return text
`;

function specOf(text: string): ExecutionSpec {
  return {
    tenant: 'default',
    namespace: 'default',
    run: 'evaluation/bulk',
    query: { id: createHash('sha256').update(text).digest('hex').slice(0, 32), text },
    program: { id: 'calls', sha256: createHash('sha256').update(source).digest('hex'), source },
    driver: 'instant',
    repeat: 0,
    runSeed: 0,
    limits: limitsSchema.parse({}),
    callClass: 'evaluation',
    commonRandomNumbers: false,
  };
}
