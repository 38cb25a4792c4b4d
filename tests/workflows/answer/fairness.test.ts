/** One worker with two slots for calls: programs of few calls are not kept waiting by one of very many. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMasClient } from '../../../clients/client.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
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

const slots = 2;
/** Of the large program at once: without turns, a call waits behind so many. */
const width = 64;
/** Each of two calls at once. */
const smallTurns = 3;
const smallPrograms = 3;
/** Calls of the large program that may pass during one turn of a small one, its step included. */
const passing = 10;

const large = `
with ThreadPoolExecutor(${width}) as pool:
    return str(len(list(pool.map(lambda n: self.llm.call_llm(f'large {n}'), range(2000)))))
`;
const small = `
for turn in range(${smallTurns}):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: self.llm.call_llm(f'small {taskInfo} {turn} {n}'), range(2)))
return 'done'
`;

it('takes turns between runs: small programs end while a large one has made a bounded number of calls', async () => {
  const taskQueue = freshTaskQueue();
  const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
  await using _workers = await startAnswerWorkers({ config, address: temporal.address(), llmSlots: slots });
  // Whatever the machine's load: model time is what the two slots are busy with.
  parts.llm.behave(({ body: { model, messages } }) => {
    const prompt = messages.at(-1)?.content ?? '';
    if (model !== 'fake-generator') return { type: 'answer', delayMs: 400 };
    return {
      type: 'answer',
      text: `\`\`\`python\n${programOf(prompt.includes('large') ? large : small)}\`\`\``,
    };
  });
  const mas = createMasClient(connection, { taskQueue });
  const common = { driver: 'driver', generator: 'generator' };
  const limits = { maxCalls: 2_000, maxConcurrentCalls: width };
  const greedy = await mas.answer.start({ ...common, query: 'large', limits });
  const prompts = () => parts.llm.requests.map(({ body }) => body.messages.at(-1)?.content ?? '');
  const isLarge = (prompt: string): boolean => prompt.startsWith('large ');
  await expect.poll(() => prompts().filter(isLarge).length, { timeout: 60_000 }).toBeGreaterThan(10);

  const start = prompts().length;
  const handles = await Promise.all(
    Array.from({ length: smallPrograms }, (_, n) => mas.answer.start({ ...common, query: `modest ${n}` })),
  );
  for (const handle of handles) expect(await handle.result()).toMatchObject({ answer: 'done' });
  const order = prompts();
  for (let n = 0; n < smallPrograms; n += 1) {
    const own = order.flatMap((prompt, at) => (prompt.startsWith(`small modest ${n} `) ? [at] : []));
    expect(own).toHaveLength(2 * smallTurns);
    const passed = order.slice(start, own.at(-1)).filter(isLarge).length;
    expect(passed).toBeLessThanOrEqual(smallTurns * passing);
  }
  await greedy.cancel();
  await expect(greedy.result()).rejects.toMatchObject({ name: 'CancelledFailure' });

  const { events } = await new Client({ connection }).workflow.getHandle(greedy.workflowId).fetchHistory();
  const keys = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityType?.name === 'finishRun' ? [] : (scheduled?.priority?.fairnessKey ?? []),
  );
  // Generation and calls alike.
  expect(new Set(keys)).toEqual(new Set([greedy.workflowId]));
  expect(keys.length).toBeGreaterThan(10);
}, 240_000);
