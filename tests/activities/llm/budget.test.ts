/** Budgets: the worst case is reserved before a call and settled after it, so that no ceiling is ever passed. */
import { expect, test } from 'vitest';
import { isFailure } from '../../../activities/failure.ts';
import { writeTenantBudgets } from '../../../activities/storage/budget-chain.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { ask, endpointOf, serviceOn } from '../../support/calls.ts';
import { freshDatabase } from '../../support/environment.ts';
import { startFakeOpenAi } from '../../support/fake-openai.ts';
import { startCallsChild } from '../../support/start-calls-child.ts';

const run = 'evaluation/test';
const level = `default/${run}`;

function budget(database: Database) {
  return database.selectFrom('budgets').selectAll().where('level', '=', level).executeTakeFirstOrThrow();
}

test('50 parallel calls of two processes stop at the ceiling, not before it is near and never beyond', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'answer', delayMs: 30 });
  // A call uses 15 tokens; its worst case is 16 + 16 + 14 for the prompt and 100 for the reply: 146.
  await fresh.database.insertInto('budgets').values({ level, max_cost_usd: null, max_tokens: 400 }).execute();
  const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 50 }, given: { run } };
  const children = await Promise.all(
    [0, 25].map((from) =>
      startCallsChild({ ...task, draws: Array.from({ length: 25 }, (_, index) => from + index) }),
    ),
  );
  for (const child of children) child.start();
  const reports = await Promise.all(children.map((child) => child.report));
  const done = reports.reduce((sum, report) => sum + report.done, 0);
  expect(reports.flatMap(({ failures }) => failures)).toEqual(Array(50 - done).fill('Budget.Exceeded'));
  const { spent_tokens: spent, reserved_tokens: reserved } = await budget(fresh.database);
  expect(spent).toBe(done * 15);
  expect(spent).toBeLessThanOrEqual(400);
  expect(spent + 146).toBeGreaterThan(400);
  expect(reserved).toBe(0);
  expect(fake.requests).toHaveLength(done);
});

test('a ceiling in dollars; recorded calls are free; a run without a ceiling is charged all the same', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  await fresh.database
    .insertInto('budgets')
    .values([
      { level, max_cost_usd: 0.0003, max_tokens: null },
      { level: 'default/evaluation/free', max_cost_usd: null, max_tokens: null },
    ])
    .execute();
  // Worst case 46 x $1 + 100 x $2 per million = $0.000246; a call costs $0.00002.
  const ends: boolean[] = [];
  for (let draw = 0; draw < 6; draw += 1) {
    ends.push(
      await ask(service, draw).then(
        () => true,
        (error: unknown) => !isFailure(error, 'Budget.Exceeded'),
      ),
    );
  }
  expect(ends).toEqual([true, true, true, false, false, false]);
  expect(await budget(fresh.database)).toMatchObject({ spent_cost_usd: 0.00006, reserved_cost_usd: 0 });
  expect((await ask(service, 0)).recorded).toBe(true);
  await expect(ask(service, 9)).rejects.toMatchObject({ type: 'Budget.Exceeded', nonRetryable: true });
  await ask(service, 9, 'block', { run: 'evaluation/free' });
  const free = await fresh.database
    .selectFrom('budgets')
    .selectAll()
    .where('level', '=', 'default/evaluation/free')
    .execute();
  expect(free).toMatchObject([{ spent_cost_usd: 0.00002, spent_tokens: 15 }]);
  await ask(service, 10, 'block', { run: 'evaluation/without-a-row' });
});

test('what a killed process had reserved comes back when its lease ends; a failed call frees its own at once', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await fresh.database.insertInto('budgets').values({ level, max_cost_usd: null, max_tokens: 200 }).execute();
  fake.behave({ type: 'hang' });
  const task = {
    url: fresh.url,
    baseUrl: fake.baseUrl,
    draws: [1],
    limits: { inFlight: 8 },
    leaseMs: 2_000,
    given: { run },
  };
  const child = await startCallsChild(task);
  child.start();
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(1);
  expect(await budget(fresh.database)).toMatchObject({ reserved_tokens: 146, spent_tokens: 0 });
  await child.kill();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  fake.behave({ type: 'status', status: 500 });
  // In durable mode the activity comes again; in bulk mode the call waits.
  await expect(ask(service, 2, 'yield')).rejects.toMatchObject({
    type: 'Llm.RateLimited',
    nonRetryable: false,
  });
  await expect(ask(service, 2)).rejects.toMatchObject({ type: 'Llm.Unavailable' });
  expect(await budget(fresh.database)).toMatchObject({ reserved_tokens: 0, spent_tokens: 0 });
});

/** Budgets of a run, its parent and their tenant, as claims write them. */
async function openChain(
  database: Database,
  limits: { run?: number; parent?: number; tenant?: number },
): Promise<void> {
  const tokens = (max: number | undefined) => ({ max_cost_usd: null, max_tokens: max ?? null });
  await database
    .insertInto('budgets')
    .values([
      { level, above: ['default/demo/parent', 'tenant/default'], ...tokens(limits.run) },
      { level: 'default/demo/parent', above: ['tenant/default'], ...tokens(limits.parent) },
      { level: 'tenant/default', above: [], ...tokens(limits.tenant) },
    ])
    .execute();
}

test.each([
  ['run', 'the budget of evaluation/test is used up (maxTokens 400, '],
  ['parent', 'the budget of the parent run demo/parent is used up (maxTokens 400, '],
  ['tenant', 'the budget of tenant default is used up (maxTokens 400, '],
] as const)(
  'two processes stop at the ceiling of the %s, which the message names',
  async (spentLevel, message) => {
    await using fresh = await freshDatabase();
    await using fake = await startFakeOpenAi();
    fake.behave({ type: 'answer', delayMs: 10 });
    await openChain(fresh.database, { run: 1e6, parent: 1e6, tenant: 1e6, [spentLevel]: 400 });
    const task = { url: fresh.url, baseUrl: fake.baseUrl, limits: { inFlight: 50 }, given: { run } };
    const children = await Promise.all(
      [0, 25].map((from) =>
        startCallsChild({ ...task, draws: Array.from({ length: 25 }, (_, index) => from + index) }),
      ),
    );
    for (const child of children) child.start();
    const reports = await Promise.all(children.map((child) => child.report));
    const done = reports.reduce((sum, report) => sum + report.done, 0);
    expect(reports.flatMap(({ failures }) => failures)).toEqual(Array(50 - done).fill('Budget.Exceeded'));
    // Not one token beyond the ceiling; every level was charged for every call, and nothing is held.
    const rows = await fresh.database.selectFrom('budgets').selectAll().execute();
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row).toMatchObject({ spent_tokens: done * 15, reserved_tokens: 0 });
    expect(done * 15).toBeLessThanOrEqual(400);
    expect(done * 15 + 146).toBeGreaterThan(400);
    expect(await fresh.database.selectFrom('budget_reservations').selectAll().execute()).toEqual([]);
    await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
    await expect(ask(service, 99)).rejects.toThrow(message);
  },
);

test('two children spend from one parent; a run of the same name in another namespace does not', async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  const { database } = fresh;
  await openChain(database, { parent: 190 });
  const second = { level: 'default/answer/second', above: ['default/demo/parent', 'tenant/default'] };
  await database
    .insertInto('budgets')
    .values({ ...second, max_cost_usd: null, max_tokens: null })
    .execute();
  const other = { run: 'answer/second' };
  await ask(service, 1);
  await ask(service, 2, 'block', other);
  await ask(service, 3);
  // 45 of 190 are used, and a call may need 146.
  await ask(service, 4, 'block', { ...other, namespace: 'elsewhere', tenant: 'other' });
  const parent = 'the parent run demo/parent is used up (maxTokens 190, 45 used, the next call may use 146)';
  await expect(ask(service, 5, 'block', other)).rejects.toThrow(parent);
  await expect(ask(service, 6)).rejects.toMatchObject({
    details: [{ level: 'default/demo/parent', limit: 'maxTokens', max: 190, used: 45 }],
  });
});

test("a tenant's day begins anew at midnight UTC; its total does not", async () => {
  await using fresh = await freshDatabase();
  await using fake = await startFakeOpenAi();
  await using service = serviceOn(fresh.database, endpointOf(fake.baseUrl));
  const { database } = fresh;
  const yesterday = new Date(Date.now() - 86_400_000);
  const limits = { maxTokens: 200 };
  await writeTenantBudgets(database, {
    daily: { ...limits, period: 'day' },
    once: { ...limits, period: 'total' },
  });
  await database.updateTable('budgets').set({ spent_tokens: 100, period_start: yesterday }).execute();
  await ask(service, 1, 'block', { tenant: 'daily', run: 'answer/a' });
  await expect(ask(service, 2, 'block', { tenant: 'once', run: 'answer/b' })).rejects.toThrow(
    /tenant once is used up \(maxTokens 200, 100 used.*tenants\.once/,
  );
  const spent = await database
    .selectFrom('budgets')
    .select(['level', 'spent_tokens'])
    .orderBy('level')
    .execute();
  expect(spent).toEqual([
    { level: 'tenant/daily', spent_tokens: 15 },
    { level: 'tenant/once', spent_tokens: 100 },
  ]);
  await database.updateTable('budgets').set({ spent_tokens: 190 }).execute();
  await expect(ask(service, 3, 'block', { tenant: 'daily', run: 'answer/a' })).rejects.toThrow(
    /tenant daily for this day \(UTC\) is used up.*tomorrow/,
  );
  // Another start of the worker changes limits, never what is spent.
  await writeTenantBudgets(database, { daily: { maxTokens: 1_000, period: 'day' } });
  await ask(service, 3, 'block', { tenant: 'daily', run: 'answer/a' });
});
