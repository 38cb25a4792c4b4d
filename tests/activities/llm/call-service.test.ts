/** What the call service promises: one sending per call, over processes and crashes, with real PostgreSQL and processes. */
import { expect, test } from 'vitest';
import type { Database } from '../../../activities/storage/tables.ts';
import { ask, callOf, endpointOf, never, serviceOn } from '../../support/calls.ts';
import { freshDatabase } from '../../support/environment.ts';
import { startFakeOpenAi } from '../../support/fake-openai.ts';
import { startCallsChild } from '../../support/start-calls-child.ts';

function rows(database: Database) {
  return database.selectFrom('llm_calls').selectAll().orderBy('created_at').execute();
}

test('a call is sent once and recorded whole; the same call is answered from the record, another draw is another call', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl, { parameters: { top_p: 0.9 } }));
  const first = await ask(service, 0xffffffff);
  expect(first).toEqual({
    recorded: false,
    reply: {
      text: `echo ${2 ** 31 - 1} What is 6 x 7?`,
      finishReason: 'stop',
      usage: { tokensIn: 10, tokensCached: 0, tokensOut: 5 },
      costUsd: 0.00002,
      simulated: true,
    },
  });
  expect(fake.requests[0]?.body).toMatchObject({
    model: 'provider/driver',
    seed: 2 ** 31 - 1,
    top_p: 0.9,
    max_tokens: 100,
  });
  expect(await ask(service, 0xffffffff, 'yield')).toEqual({ ...first, recorded: true });
  expect((await ask(service, 2)).recorded).toBe(false);
  expect(fake.requests).toHaveLength(2);

  const revised = serviceOn(fresh.database, endpointOf(fake.baseUrl, { revision: 'r2' }));
  expect((await ask(revised, 2)).recorded).toBe(false);
  expect((await ask(service, 2, 'block', { tenant: 'another' })).recorded).toBe(false);
  await revised[Symbol.asyncDispose]();
  const [row] = await rows(fresh.database);
  expect(row).toMatchObject({
    state: 'done',
    sends: 1,
    tokens_in: 10,
    tokens_out: 5,
    cost_usd: 0.00002,
    run: 'evaluation/test',
  });
});

test('any text of a prompt and of a reply is stored and given back as it came', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  const text = 'NUL \0, lone \uD800, quotes "\\\'{}, emoji \u{1F600}, \u202E';
  fake.behave({ type: 'answer', text });
  const request = { ...callOf(1).request, messages: [{ role: 'user' as const, content: text }] };
  expect((await ask(service, 1, 'block', { request })).reply.text).toBe(text);
  expect(await ask(service, 1, 'block', { request })).toMatchObject({ recorded: true, reply: { text } });
  expect(await rows(fresh.database)).toMatchObject([{ request: { messages: [{ content: text }] } }]);
});

test('two services that work on the same calls at once send each once and give the same replies', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave((_request, index) => ({ type: 'answer', delayMs: 40, text: `reply ${index}` }));
  await using first = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  await using second = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  const draws = Array.from({ length: 40 }, (_, index) => index);
  const [left, right, again] = await Promise.all(
    [first, second, first].map((service) => Promise.all(draws.map((draw) => ask(service, draw)))),
  );
  expect(fake.requests).toHaveLength(40);
  const texts = (outcomes = left): unknown => outcomes?.map(({ reply }) => reply.text);
  expect(texts(right)).toEqual(texts(left));
  expect(texts(again)).toEqual(texts(left));
  expect((await rows(fresh.database)).every(({ sends, state }) => sends === 1 && state === 'done')).toBe(
    true,
  );

  fake.behave({ type: 'hang' });
  const abort = new AbortController();
  const held = first.call(callOf(99), { signal: abort.signal, wait: 'block' });
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(41);
  await expect(ask(second, 99, 'yield')).rejects.toMatchObject({ type: 'Llm.InFlight', nonRetryable: false });
  abort.abort(new Error('cancelled'));
  await expect(held).rejects.toThrow('cancelled');
});

test('a process killed between sending and recording: after its lease another sends again, and it is counted', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'hang' });
  const task = {
    url: fresh.url,
    baseUrl: fake.baseUrl,
    draws: [1, 2],
    limits: { inFlight: 8 },
    leaseMs: 3_000,
  };
  const child = await startCallsChild(task);
  child.start();
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(2);
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl), { leaseMs: 3_000 });
  // While the process lives its lease is renewed: nobody else sends.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  await expect(ask(service, 1, 'yield')).rejects.toMatchObject({ type: 'Llm.InFlight' });
  await child.kill();
  fake.behave({ type: 'answer' });
  expect((await ask(service, 1)).recorded).toBe(false);
  expect((await ask(service, 2)).recorded).toBe(false);
  expect(fake.requests).toHaveLength(4);
  expect((await rows(fresh.database)).map(({ sends }) => sends)).toEqual([2, 2]);
});

test('a stale owner may not write: its late reply is refused and it returns the recorded one', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave((_request, index) => ({
    type: 'answer',
    delayMs: index === 0 ? 2_000 : 0,
    text: `reply ${index}`,
  }));
  await using slow = serviceOn(fresh.database, endpointOf(fake.baseUrl), { leaseMs: 60_000 });
  await using fast = serviceOn(fresh.database, endpointOf(fake.baseUrl), { leaseMs: 60_000 });
  const late = ask(slow, 1);
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(1);
  // As if the process had been cut off from the database for longer than its lease.
  await fresh.database
    .updateTable('llm_calls')
    .set({ lease_until: new Date(0) })
    .execute();
  expect(await ask(fast, 1)).toMatchObject({ recorded: false, reply: { text: 'reply 1' } });
  expect(await late).toMatchObject({ recorded: true, reply: { text: 'reply 1' } });
  expect(await rows(fresh.database)).toMatchObject([{ sends: 2, reply: { text: 'reply 1' } }]);
});

test('failed calls are not kept; a refusal is no sending; a 429 pauses the model for every process', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using first = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  await using second = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  fake.behave({ type: 'status', status: 500 });
  await expect(ask(first, 1)).rejects.toMatchObject({ type: 'Llm.Unavailable' });
  expect(await rows(fresh.database)).toMatchObject([{ state: 'failed', sends: 1, reply: null }]);

  fake.behave({ type: 'status', status: 429, headers: { 'retry-after': '2' } });
  const refused = ask(first, 1, 'yield');
  await expect(refused).rejects.toMatchObject({ type: 'Llm.RateLimited', nextRetryDelay: 2_000 });
  expect(await rows(fresh.database)).toMatchObject([{ state: 'failed', sends: 1 }]);
  fake.behave({ type: 'answer' });
  const pausedAt = fake.requests.at(-1)?.atMs ?? 0;
  await expect(ask(second, 2, 'yield')).rejects.toMatchObject({ type: 'Llm.RateLimited' });
  // In bulk mode the pause is waited out, by a call that was refused itself too.
  await Promise.all([ask(second, 2), ask(first, 1)]);
  const sentAt = fake.requests.slice(2).map(({ atMs }) => atMs - pausedAt);
  expect(sentAt).toHaveLength(2);
  expect(Math.min(...sentAt)).toBeGreaterThan(1_900);
  expect(await rows(fresh.database)).toMatchObject([
    { state: 'done', sends: 2 },
    { state: 'done', sends: 1 },
  ]);
  expect(never.aborted).toBe(false);
});
