/** answerQuery end to end, in both cache modes: ladder, no barrier, small history, budget, cancellation, hostile input. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import type { AnswerRequest } from '../../../workflows/answer/contract.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';
import { until } from '../../support/training-parts.ts';

let parts: MasParts;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

/** A reply of the generator with this program. */
const reply = (body: string): string =>
  `The query needs this.\n\n\`\`\`python\n${programOf(body)}\`\`\`\nDone.`;

/** The generator writes the program given; the driver echoes. */
function generatorWrites(
  body: string,
  driver: {
    delayMs?: (prompt: string) => number;
    after?: (prompt: string) => Promise<unknown> | undefined;
  } = {},
): void {
  parts.llm.behave(({ body: { model, messages } }) => {
    if (model === 'fake-generator') return { type: 'answer', text: reply(body) };
    const prompt = messages.at(-1)?.content ?? '';
    const delayMs = driver.delayMs?.(prompt) ?? 0;
    return { type: 'answer', text: `echo ${prompt}`, delayMs, after: driver.after?.(prompt) };
  });
}

const historyBytes = async ({ workflowId }: { workflowId: string }): Promise<number> =>
  (await client.workflow.getHandle(workflowId).describe()).historySize ?? Infinity;

describe.each([
  ['cached', undefined],
  ['always replayed', 0],
] as const)('%s', (_mode, maxCachedWorkflows) => {
  let workers: AsyncDisposable;
  let mas: MasClient;
  let count = 0;

  beforeAll(async () => {
    const taskQueue = freshTaskQueue();
    const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
    workers = await startAnswerWorkers({
      config,
      address: temporal.address(),
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    });
    mas = createMasClient(connection, { taskQueue });
  });
  afterAll(() => workers?.[Symbol.asyncDispose]());

  const ask = (input: Partial<AnswerRequest>) => {
    count += 1;
    const query = `query ${count} ${maxCachedWorkflows ?? 'cached'}`;
    return mas.answer.start({ query, driver: 'driver', generator: 'generator', ...input });
  };

  it('answers with the program that the generator wrote', async () => {
    generatorWrites(`
with ThreadPoolExecutor(3) as pool:
    drafts = list(pool.map(lambda n: self.llm.call_llm(f'You are expert {n}.'), range(3)))
return self.llm.call_llm('You decide: ' + ', '.join(drafts)) + execute_code('output = 6 * 7')
`);
    const handle = await ask({});
    const result = await handle.result();
    expect(result).toMatchObject({
      status: 'answered',
      answeredBy: 'generated',
      skipped: [],
      usage: { llmCalls: 5, tokensIn: 50, tokensOut: 25 },
    });
    expect(result.answer).toContain('echo You decide: echo You are expert 0., echo You are expert 1.');
    expect(result.answer).toContain('42');
    const trace = (await parts.services.blobs.getText(result.trace)).trim().split('\n');
    expect(trace).toHaveLength(5);
    expect(await handle.progress()).toMatchObject({ state: 'answered' });
    const row = await parts.database
      .selectFrom('runs')
      .select(['state', 'llm_calls'])
      .where('workflow_id', '=', handle.workflowId)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ state: 'succeeded', llm_calls: 5 });
    await recordHistory(client, handle.workflowId, 'answer-generated');
  });

  it('has no barrier: a slow call holds up its own thread only; history carries references', async () => {
    generatorWrites(
      `
def chain(n):
    text = ''
    for step in range(4):
        text = self.llm.call_llm(f'chain {n} step {step} ' + 'padding ' * 2000)
    return text
def sleeper():
    time.sleep(0.5)
    return self.llm.call_llm('after a sleep')
with ThreadPoolExecutor(3) as pool:
    slept = pool.submit(sleeper)
    return str(len(list(pool.map(chain, range(2))) + [slept.result()]))
`,
      {
        after: (prompt) =>
          prompt.startsWith('chain 0 step 0') ? asked('chain 1 step 3', 'after a sleep ') : undefined,
      },
    );
    const before = parts.llm.requests.length;
    const order = (): (string | undefined)[] =>
      parts.llm.requests
        .slice(before)
        .map(({ body }) => body.messages.at(-1)?.content.padEnd(14).slice(0, 14));
    // Would a slow call hold the others up, they would never be asked, and the order below tells it.
    const asked = (...prompts: readonly string[]): Promise<unknown> =>
      until(async () => prompts.every((prompt) => order().includes(prompt))).catch(() => {});
    const handle = await ask({});
    expect((await handle.result()).answer).toBe('3');
    // Thread 1 went through all its steps while the first call of thread 0 was under way.
    expect(order().indexOf('chain 1 step 3')).toBeLessThan(order().indexOf('chain 0 step 1'));
    // Nor does it hold up a thread that slept while the others waited.
    expect(order().indexOf('after a sleep ')).toBeLessThan(order().indexOf('chain 0 step 1'));
    generatorWrites('return "nothing asked"');
    const bare = await ask({});
    await bare.result();
    const calls = 9;
    expect((await historyBytes(handle)) - (await historyBytes(bare))).toBeLessThan(calls * 2_048);
  });

  it('falls back when the reply holds no program, or the program fails, and says why', async () => {
    parts.llm.behave({ type: 'answer', text: 'I would rather not. <<A>>' });
    const refusing = await ask({});
    const refused = await refusing.result();
    await recordHistory(client, refusing.workflowId, 'answer-no-program');
    expect(refused).toMatchObject({
      status: 'answered',
      answeredBy: 'fallback',
      program: { id: 'cot-self-consistency' },
      skipped: [{ step: 'generated', kind: 'noProgram' }],
    });
    generatorWrites(`self.llm.call_llm('first')\nraise ValueError('by design')`);
    const failing = await ask({});
    const failed = await failing.result();
    await recordHistory(client, failing.workflowId, 'answer-fallback');
    expect(failed).toMatchObject({
      answeredBy: 'fallback',
      skipped: [{ step: 'generated', kind: 'raised' }],
    });
    expect(failed.skipped[0]?.message).toContain('by design');
    generatorWrites('return "never"');
    const chosen = await (await ask({ program: 'single' })).result();
    expect(chosen).toMatchObject({ answeredBy: 'chosen', program: { id: 'single' }, usage: { llmCalls: 1 } });
  });

  it('ends with a named reason when the budget is spent', async () => {
    const body = { usage: { prompt_tokens: 100, completion_tokens: 900, total_tokens: 1_000 } };
    const program = 'return "".join(self.llm.call_llm(f"call {n}") for n in range(50))';
    parts.llm.behave(({ body: { model } }) =>
      model === 'fake-generator' ? { type: 'answer', text: reply(program) } : { type: 'answer', body },
    );
    const spending = await ask({ maxTokens: 8_000 });
    const result = await spending.result();
    await recordHistory(client, spending.workflowId, 'answer-budget');
    expect(result).toMatchObject({ status: 'failed', answer: '' });
    expect(result.skipped.at(-1)).toMatchObject({ kind: 'Budget.Exceeded' });
    expect(result.usage.tokensIn + result.usage.tokensOut).toBeLessThanOrEqual(8_000);
    const row = await parts.database
      .selectFrom('runs')
      .select(['state', 'cause', 'result'])
      .where('workflow_id', '=', spending.workflowId)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'failed', result: { status: 'failed' } });
    expect(row.cause).toMatch(
      /^Budget\.Exceeded: the budget of answer\/.* is used up \(maxTokens 8000, \d+ used/,
    );
    expect(await parts.database.selectFrom('budget_reservations').selectAll().execute()).toEqual([]);
  });

  it('is cancelled at once, and leaves no program behind', async () => {
    generatorWrites(`return self.llm.call_llm('slow')`, { delayMs: () => 20_000 });
    const handle = await ask({});
    await expect
      .poll(async () => (await handle.progress()).stage, { timeout: 20_000 })
      .toContain('generated');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ name: 'CancelledFailure' });
    await recordHistory(client, handle.workflowId, 'answer-cancelled');
    const row = await parts.database
      .selectFrom('runs')
      .select('state')
      .where('workflow_id', '=', handle.workflowId)
      .executeTakeFirstOrThrow();
    expect(row.state).toBe('cancelled');
  });

  it.each([
    ['an empty form', {}, 'Input.Invalid', 'query'],
    ['no object', 'text', 'Input.Invalid', 'object'],
    ['null', null, 'Input.Invalid', 'query'],
    ['a number', { query: 7 }, 'Input.Invalid', 'query'],
    ['an unknown field', { query: 'q', rootDirectory: '/' }, 'Input.Invalid', 'rootDirectory'],
    ['a query of 1 MB', { query: 'x'.repeat(1024 * 1024) }, 'Input.Invalid', 'query'],
    [
      'a path as program',
      { query: 'q', driver: 'driver', program: '../../etc/passwd' },
      'Input.Invalid',
      'program',
    ],
    [
      'an unknown program',
      { query: 'q', driver: 'driver', program: 'nobody' },
      'Input.Invalid',
      'cot-self-consistency',
    ],
    ['an unknown driver', { query: 'q', driver: 'nobody' }, 'Llm.UnknownModel', 'nobody'],
    [
      'an unknown generator',
      { query: 'q', driver: 'driver', generator: 'nobody' },
      'Llm.UnknownModel',
      'nobody',
    ],
    ['limits beyond reason', { query: 'q', limits: { maxCalls: 1e9 } }, 'Input.Invalid', 'maxCalls'],
  ])('refuses %s at once', async (_what, input, type, word) => {
    count += 1;
    const name = `hostile-${count}-${maxCachedWorkflows ?? 'cached'}`;
    const handle = await mas.answer.start(input as AnswerRequest, { name });
    const error = await handle.result().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type, nonRetryable: true, message: expect.stringContaining(word) });
  });

  it('attaches to a run of the same name and input, refuses another input', async () => {
    generatorWrites(`return self.llm.call_llm('slow')`, { delayMs: () => 3_000 });
    const input = { query: `twice ${maxCachedWorkflows}`, driver: 'driver', generator: 'generator' };
    const first = await mas.answer.start(input);
    const second = await mas.answer.start(input);
    expect([first.attached, second.attached]).toEqual([false, true]);
    await expect(mas.answer.start({ ...input, seed: 1 }, { name: first.name })).rejects.toMatchObject({
      type: 'Run.NameTaken',
    });
    expect(await second.result()).toEqual(await first.result());
    // Ended: started again, it finds all it needs.
    const before = parts.llm.requests.length;
    const third = await mas.answer.start(input);
    expect(third.attached).toBe(false);
    expect(await third.result()).toEqual(await first.result());
    expect(parts.llm.requests).toHaveLength(before);
    await expect(mas.answer.progress('nobody-knows')).rejects.toMatchObject({ type: 'Input.NotFound' });
  });
});
