/** A program of 2,000 calls: its history goes on in a new run in time, no call is made twice, and none is lost. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMasClient } from '../../../clients/client.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { historyOf } from '../../support/history.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let connection: Connection;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
});
afterAll(async () => {
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

const calls = 2_000;
/** The server suggests a new run at 4,096 events; the step under way and the calls in flight add theirs. */
const mostEvents = 4_096 + 16 * 6 + 100;

it.each([
  [
    'parallel',
    `
with ThreadPoolExecutor(16) as pool:
    return str(len(set(pool.map(lambda n: self.llm.call_llm(f'call {n}'), range(${calls})))))
`,
  ],
  [
    'sequential',
    `
found = set()
for n in range(${calls}):
    found.add(self.llm.call_llm(f'call {n} after {len(found)}'))
return str(len(found))
`,
  ],
])(
  '%s',
  async (kind, body) => {
    const taskQueue = freshTaskQueue();
    const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
    await using _workers = await startAnswerWorkers({ config, address: temporal.address() });
    parts.llm.behave(({ body: { model } }) =>
      model === 'fake-generator'
        ? { type: 'answer', text: `\`\`\`python\n${programOf(body)}\`\`\`` }
        : { type: 'answer' },
    );
    const before = parts.llm.requests.length;
    const mas = createMasClient(connection, { taskQueue });
    const input = { query: kind, driver: 'driver', generator: 'generator', limits: { maxCalls: calls } };
    const handle = await mas.answer.start(input);
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'answered', answeredBy: 'generated', answer: String(calls) });
    expect(result.usage.llmCalls).toBe(1 + calls);
    const prompts = parts.llm.requests
      .slice(before + 1)
      .map(({ body: sent }) => sent.messages.at(-1)?.content);
    expect(prompts).toHaveLength(calls);
    expect(new Set(prompts).size).toBe(calls);
    const size = await historyOf(new Client({ connection }), handle.workflowId);
    expect(size.runs).toBeGreaterThan(1);
    expect(size.mostEvents).toBeLessThanOrEqual(mostEvents);
    expect(size.events).toBeLessThanOrEqual(calls * 9);
  },
  1_800_000,
);
