/** The limiter holds over processes: calls in flight, requests per minute, tokens per minute. */
import { expect, test } from 'vitest';
import { createLimiter, type Limiter, type Slot } from '../../../activities/llm/limiter.ts';
import { ask, endpointOf, never, serviceOn } from '../../support/calls.ts';
import { freshDatabase } from '../../support/environment.ts';
import { startFakeOpenAi } from '../../support/fake-openai.ts';
import { startCallsChild } from '../../support/start-calls-child.ts';

test("calls in flight of two processes never pass the model's limit, and both get their share", async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'answer', delayMs: 60 });
  const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 6 } };
  const children = await Promise.all(
    [0, 100].map((from) =>
      startCallsChild({ ...task, draws: Array.from({ length: 90 }, (_, index) => from + index) }),
    ),
  );
  for (const child of children) child.start();
  const reports = await Promise.all(children.map((child) => child.report));
  expect(reports).toEqual([
    { done: 90, failures: [] },
    { done: 90, failures: [] },
  ]);
  expect(fake.peak()).toBeLessThanOrEqual(6);
  expect(fake.peak()).toBeGreaterThan(3);
  // Of the middle third neither process made all calls.
  const middle = fake.requests.slice(60, 120).filter(({ body }) => body.seed < 50).length;
  expect(middle).toBeGreaterThan(5);
  expect(middle).toBeLessThan(55);
  expect(await fresh.database.selectFrom('model_slots').selectAll().execute()).toEqual([]);
});

test('requests per minute: two processes together send the bucket and then its refill, no more', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 50, rpm: 240 } };
  const children = await Promise.all(
    [0, 100].map((from) =>
      startCallsChild({ ...task, draws: Array.from({ length: 25 }, (_, index) => from + index) }),
    ),
  );
  for (const child of children) child.start();
  const reports = await Promise.all(children.map((child) => child.report));
  expect(reports.map(({ done }) => done)).toEqual([25, 25]);
  // A bucket of ten seconds' worth, 40, then 4 per second: nowhere more than that many.
  const start = fake.requests[0]?.atMs ?? 0;
  for (const [index, { atMs }] of fake.requests.entries()) {
    expect(index + 1).toBeLessThanOrEqual(41 + ((atMs - start) / 1_000) * 4 + 1);
  }
});

test('tokens per minute: the worst case is taken and what was not used given back', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(
    fresh.database,
    endpointOf(fake.baseUrl, { limits: { inFlight: 8, tpm: 1_800 } }),
  );
  // A bucket of 300; each call takes 146 and gives 131 back.
  for (let draw = 0; draw < 5; draw += 1) await ask(service, draw, 'yield');
  const [limits] = await fresh.database.selectFrom('model_limits').selectAll().execute();
  expect(limits?.tokens_level).toBeGreaterThan(300 - 5 * 15 - 1);
  fake.behave({ type: 'answer', delayMs: 300 });
  const ends = await Promise.allSettled([10, 11, 12, 13].map((draw) => ask(service, draw, 'yield')));
  const refused = ends.filter((end) => end.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused)
    expect(reason).toMatchObject({ type: 'Llm.RateLimited', nonRetryable: false });
});

test('one slot and two processes that always want it: each gets its turns; a dead process loses its slots', async () => {
  await using fresh = await freshDatabase();
  const limiters = ['a', 'b'].map((owner) => createLimiter(fresh.database, owner, 2_000));
  const [first, second] = limiters;
  if (!first || !second) throw new Error('two limiters');
  const take = (limiter: Limiter, maxWaitMs?: number): Promise<Slot | undefined> =>
    limiter.acquire({ model: 'm', inFlight: 1, callClass: 'evaluation', signal: never, maxWaitMs });

  let open = 0;
  const turns = { a: 0, b: 0 };
  const stopAt = Date.now() + 4_000;
  const worker = async (limiter: Limiter, name: 'a' | 'b'): Promise<void> => {
    while (Date.now() < stopAt) {
      const slot = await take(limiter);
      open += 1;
      expect(open).toBe(1);
      turns[name] += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
      open -= 1;
      slot?.release();
    }
  };
  await Promise.all([worker(first, 'a'), worker(first, 'a'), worker(second, 'b'), worker(second, 'b')]);
  expect(Math.min(turns.a, turns.b)).toBeGreaterThan(3);

  await first.close();
  const slot = await take(second);
  expect(await take(second, 100)).toBeUndefined();
  slot?.release();
  await second.close();
  await fresh.database
    .insertInto('model_slots')
    .values({
      model: 'm',
      owner: 'dead',
      slots: 1,
      wanted: [0, 1, 0],
      aged: [false, false, false],
      rank: null,
      lease_until: new Date(Date.now() + 1_000),
      starved_since: null,
    })
    .execute();
  const third = createLimiter(fresh.database, 'c', 2_000);
  expect(await take(third, 300)).toBeUndefined();
  (await take(third, 10_000))?.release();
  await third.close();
});

test('within a process, interactive calls come before evaluation, and evaluation before dataset', async () => {
  await using fresh = await freshDatabase();
  const limiter = createLimiter(fresh.database, 'a', 2_000);
  const order: string[] = [];
  const take = async (callClass: 'interactive' | 'evaluation' | 'dataset'): Promise<void> => {
    const slot = await limiter.acquire({
      model: 'm',
      inFlight: 1,
      callClass,
      signal: never,
      maxWaitMs: undefined,
    });
    order.push(callClass);
    slot?.release();
  };
  await Promise.all((['dataset', 'evaluation', 'dataset', 'interactive'] as const).map(take));
  expect(order).toEqual(['interactive', 'evaluation', 'dataset', 'dataset']);
  await limiter.close();
});

const draws = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

test('over two processes: what only wants dataset calls leaves its slots to interactive calls of the other', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const isDataset = (seed: number): boolean => seed < 500;
  fake.behave(async ({ body }) => {
    if (isDataset(body.seed)) await released;
    return { type: 'answer' };
  });
  const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 4 } };
  const [dataset, interactive] = await Promise.all([
    startCallsChild({ ...task, draws: draws(0, 40), given: { callClass: 'dataset' } }),
    startCallsChild({ ...task, draws: draws(1_000, 12), given: { callClass: 'interactive' } }),
  ]);
  dataset.start();
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(4);
  interactive.start();
  const rows = () => fresh.database.selectFrom('model_slots').selectAll().execute();
  const waiting = async () => (await rows()).find(({ wanted }) => wanted[0] === 12);
  await expect.poll(waiting, { timeout: 20_000 }).toBeDefined();
  // Twice since then the process with the slots has asked, and was told of them.
  const lease = async () => (await rows()).find(({ wanted }) => wanted[2] === 40)?.lease_until.getTime();
  for (const _turn of [1, 2]) {
    const before = await lease();
    await expect.poll(lease, { timeout: 20_000 }).not.toBe(before);
  }
  release();
  expect(await interactive.report).toEqual({ done: 12, failures: [] });
  expect(await dataset.report).toEqual({ done: 40, failures: [] });
  const order = fake.requests.slice(4).map(({ body }) => isDataset(body.seed));
  // The last interactive calls leave slots free: fewer than all of them are taken meanwhile. An even share would be 12.
  const last = order.lastIndexOf(false);
  expect(order.slice(0, last).filter(Boolean).length).toBeLessThan(4);
  // A process reports first and gives its slots back as it ends.
  await expect.poll(rows, { timeout: 20_000 }).toEqual([]);
});

test('no class waits for ever: one that has waited long gets a slot, in the same process and in another', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'answer', delayMs: 10 });
  const aging = { agingMs: 300 };
  await using service = serviceOn(
    fresh.database,
    endpointOf(fake.baseUrl, { limits: { inFlight: 2 } }),
    aging,
  );
  const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 2 } };
  const child = await startCallsChild({
    ...task,
    ...aging,
    draws: draws(0, 3),
    given: { callClass: 'dataset' },
  });
  let draw = 10_000;
  let ended = false;
  const saturate = async (): Promise<void> => {
    while (!ended) await ask(service, (draw += 1), 'block', { callClass: 'interactive' });
  };
  const saturating = Promise.all(draws(0, 6).map(saturate));
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBeGreaterThan(10);
  child.start();
  await ask(service, 5_000, 'block', { callClass: 'evaluation' });
  await ask(service, 6_000, 'block', { callClass: 'dataset' });
  expect(await child.report).toEqual({ done: 3, failures: [] });
  ended = true;
  await saturating;
  expect(fake.peak()).toBeLessThanOrEqual(2);
});
