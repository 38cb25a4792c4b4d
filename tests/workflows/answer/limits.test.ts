/** Limits of a program in durable mode: each ends it with its name, its value and what was used; the ladder goes on. */
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let connection: Connection;
let workers: AsyncDisposable;
let mas: MasClient;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
  const taskQueue = freshTaskQueue();
  const driver = parts.config.models['driver'];
  if (!driver) throw new Error('no driver');
  const config = {
    ...parts.config,
    models: { ...parts.config.models, driver: { ...driver, priceUsdPerMTok: { in: 1, cached: 1, out: 1 } } },
    temporal: { ...parts.config.temporal, taskQueue },
  };
  workers = await startAnswerWorkers({ config, address: temporal.address() });
  mas = createMasClient(connection, { taskQueue });
});
afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

const chain = 'return "".join(self.llm.call_llm(f"call {n}") for n in range(50))';
const wide = `
with ThreadPoolExecutor(9) as pool:
    return ''.join(pool.map(lambda n: self.llm.call_llm(f'call {n}'), range(50)))
`;

/** A call uses 500 tokens, and may use 2,048 and some more. */
const usage = { prompt_tokens: 100, completion_tokens: 400, total_tokens: 500 };

it.each([
  ['callLimit', chain, { maxCalls: 7 }, /^maxCalls is 7: 7 used/],
  ['callLimit', wide, { maxCalls: 20 }, /^maxCalls is 20: 20 used/],
  [
    'codeLimit',
    'return "".join(execute_code("output = 1") for n in range(9))',
    { maxCodeRuns: 2 },
    /^maxCodeRuns is 2: 2 used/,
  ],
  [
    'tokenLimit',
    chain,
    { maxTokens: 2_200 },
    /^maxTokens is 2200: \d+ used, and the next call may take 2\d{3}/,
  ],
  ['tokenLimit', wide, { maxTokens: 9_000 }, /^maxTokens is 9000: \d+ used/],
  ['costLimit', chain, { maxCostUsd: 0.0022 }, /^maxCostUsd is 0.0022: 0\.000\d+ used/],
  ['totalLimit', 'self.llm.call_llm("hang")', { totalMs: 4_000 }, /^totalMs is 4000/],
  ['computeLimit', 'while True: pass', { computeMs: 300 }, /computed for longer than 0.3 s/],
] as const)('%s', async (kind, body, limits, message) => {
  parts.llm.behave(({ body: { model, messages } }) => {
    if (model === 'fake-generator') return { type: 'answer', text: `\`\`\`python\n${programOf(body)}\`\`\`` };
    return messages.at(-1)?.content === 'hang'
      ? { type: 'hang' }
      : { type: 'answer', text: 'It is <<A>>.', body: { usage } };
  });
  const query = `${kind} ${JSON.stringify(limits)} ${body.length}`;
  const handle = await mas.answer.start({ query, driver: 'driver', generator: 'generator', limits });
  const { skipped, answeredBy } = await handle.result();
  expect(skipped[0]).toMatchObject({ step: 'generated', kind, message: expect.stringMatching(message) });
  // Another program begins with limits of its own.
  expect(answeredBy).not.toBe('generated');
  const executions = await parts.database
    .selectFrom('executions')
    .select(['status', 'failure_kind', 'tokens_in', 'tokens_out', 'cost_usd'])
    .where('run', '=', handle.workflowId)
    .orderBy('started_at')
    .execute();
  const [first] = executions;
  expect(first).toMatchObject({ status: 'failed', failure_kind: kind });
  const { maxTokens = Infinity, maxCostUsd = Infinity } = limits as {
    maxTokens?: number;
    maxCostUsd?: number;
  };
  expect((first?.tokens_in ?? 0) + (first?.tokens_out ?? 0)).toBeLessThanOrEqual(maxTokens);
  expect(first?.cost_usd ?? 0).toBeLessThanOrEqual(maxCostUsd);
});

it('calls beyond the concurrent ones wait for their turn', async () => {
  let open = 0;
  let most = 0;
  parts.llm.behave(async ({ body: { model } }) => {
    if (model === 'fake-generator') return { type: 'answer', text: `\`\`\`python\n${programOf(wide)}\`\`\`` };
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 50));
    open -= 1;
    return { type: 'answer' };
  });
  const input = { query: 'three at once', driver: 'driver', generator: 'generator' };
  const handle = await mas.answer.start({ ...input, limits: { maxConcurrentCalls: 3 } });
  expect(await handle.result()).toMatchObject({ answeredBy: 'generated', usage: { llmCalls: 51 } });
  expect(most).toBeLessThanOrEqual(3);
  expect(most).toBeGreaterThan(1);
});
