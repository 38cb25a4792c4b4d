/** A cancelled answer ends its program and its open calls, and leaves nothing behind: no session, reservation, slot, process. */
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { descendants, idleDescendants, leftovers, nothingLeft } from '../../support/leftovers.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let connection: Connection;
let workers: AsyncDisposable;
let mas: MasClient;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
  const taskQueue = freshTaskQueue();
  const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
  workers = await startAnswerWorkers({ config, address: temporal.address() });
  mas = createMasClient(connection, { taskQueue });
});
afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

const calling = `
with ThreadPoolExecutor(4) as pool:
    return ''.join(pool.map(lambda n: self.llm.call_llm(f'{taskInfo} {n}'), range(4)))
`;
/** Threads that wait for a model beside one that computes without end: a step is always under way. */
const busy = calling.replace('    return', '    pool.submit(lambda: [n for n in iter(int, 1)])\n    return');

const common = { driver: 'driver', generator: 'generator', maxTokens: 1_000_000 };

it.each([
  ['waits for four calls', calling],
  ['computes while it waits', busy],
])('a program that %s', async (what, body) => {
  let hangs = false;
  parts.llm.behave(({ body: { model } }) => {
    if (model === 'fake-generator')
      return { type: 'answer', text: `\`\`\`python\n${programOf(hangs ? body : calling)}\`\`\`` };
    return hangs ? { type: 'hang' } : { type: 'answer' };
  });
  // What a sandbox keeps ready is there once a program has run.
  expect(await (await mas.answer.start({ ...common, query: `before: ${what}` })).result()).toMatchObject({
    status: 'answered',
  });
  const processes = await idleDescendants();

  hangs = true;
  const handle = await mas.answer.start({ ...common, query: what });
  await expect.poll(parts.llm.open, { timeout: 60_000 }).toBe(4);
  expect(await leftovers(parts)).toMatchObject({ pendingCalls: 4, reservations: 4 });
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ name: 'CancelledFailure' });
  await expect.poll(() => leftovers(parts), { timeout: 30_000 }).toEqual(nothingLeft);
  await expect.poll(descendants, { timeout: 30_000 }).toBeLessThanOrEqual(processes);
  const rows = parts.database
    .selectFrom('runs')
    .select(['state', 'cause'])
    .where('workflow_id', '=', handle.workflowId);
  expect(await rows.execute()).toMatchObject([{ state: 'cancelled' }]);
  // Nothing of it was taken for the program's own failure: the same answer again goes on.
  const failed = parts.database.selectFrom('executions').select('key').where('status', '=', 'failed');
  expect(await failed.execute()).toEqual([]);
});

it('goes on after a cancel: the same answer again makes the calls that are missing', async () => {
  let hangs = true;
  parts.llm.behave(({ body: { model, messages } }) => {
    if (model === 'fake-generator') {
      return { type: 'answer', text: `\`\`\`python\n${programOf(calling)}\`\`\`` };
    }
    return hangs && messages.at(-1)?.content.endsWith('3') ? { type: 'hang' } : { type: 'answer' };
  });
  const input = { ...common, query: 'twice' };
  const before = parts.llm.requests.length;
  const first = await mas.answer.start(input);
  const recorded = () =>
    parts.database
      .selectFrom('journal')
      .innerJoin('executions', 'executions.key', 'journal.execution')
      .select('journal.seq')
      .where('executions.run', '=', first.workflowId)
      .where('journal.reply', 'is not', null)
      .execute();
  await expect.poll(async () => (await recorded()).length, { timeout: 60_000 }).toBe(3);
  await first.cancel();
  await expect(first.result()).rejects.toMatchObject({ name: 'CancelledFailure' });
  await expect.poll(() => leftovers(parts), { timeout: 30_000 }).toEqual(nothingLeft);
  hangs = false;
  const second = await mas.answer.start(input);
  expect(await second.result()).toMatchObject({ status: 'answered', answeredBy: 'generated' });
  // The generation, four calls, and the one that was cancelled once more.
  expect(parts.llm.requests.length - before).toBe(6);
});
