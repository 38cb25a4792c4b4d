/** Names of runs: claimed once, kept by their owner, passed on when the holder's workflow is closed. Real Temporal, no worker. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listRuns, reconcileRuns, showRun } from '../../../activities/storage/list-runs.ts';
import { createRuns, type RunClaim } from '../../../activities/storage/runs.ts';
import { createAskStatus } from '../../../activities/storage/workflow-status.ts';
import { freshDatabase, freshTaskQueue, temporal } from '../../support/environment.ts';

let connection: Connection;
let client: Client;
const askStatus = createAskStatus(() => client);

beforeAll(async () => {
  connection = await Connection.connect({ address: temporal.address() });
  client = new Client({ connection });
});
afterAll(() => connection.close());

/** An open workflow that nobody works on. */
async function openWorkflow(
  workflowId: string,
): Promise<{ workflowId: string; firstRunId: string; end(): Promise<unknown> }> {
  const handle = await client.workflow.start('idle', { workflowId, taskQueue: freshTaskQueue() });
  return { workflowId, firstRunId: handle.firstExecutionRunId, end: () => handle.terminate() };
}

function claimOf(owner: { workflowId: string; firstRunId: string }, given: Partial<RunClaim> = {}): RunClaim {
  return {
    namespace: 'default',
    kind: 'dataset',
    name: 'numbers',
    workflowId: owner.workflowId,
    runId: owner.firstRunId,
    firstRunId: owner.firstRunId,
    tenant: 'default',
    input: { seed: 1, name: 'numbers' },
    ...given,
  };
}

const usage = { llmCalls: 3, tokensIn: 10, tokensCached: 1, tokensOut: 5, costUsd: 0.25 };

test('one owner at a time; a closed holder is replaced; only the owner settles', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const runs = createRuns({ database, askStatus });
  const [first, second, third] = await Promise.all(
    ['a', 'b', 'c'].map((id) => openWorkflow(`${freshTaskQueue()}/${id}`)),
  );
  if (!first || !second || !third) throw new Error('three workflows');

  const claims = await Promise.allSettled([first, second, third].map((owner) => runs.claim(claimOf(owner))));
  const won = claims.findIndex(({ status }) => status === 'fulfilled');
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const lost = claims.filter((claim) => claim.status === 'rejected');
  for (const { reason } of lost) expect(reason).toMatchObject({ type: 'Run.NameTaken', nonRetryable: true });
  const holder = [first, second, third][won] ?? first;
  const [next, other] = [first, second, third].filter((owner) => owner !== holder);
  if (!next || !other) throw new Error('two others');

  // The local activity that claims may run twice.
  await runs.claim(claimOf(holder));
  await expect(runs.claim(claimOf(next, { input: { seed: 2 } }))).rejects.toThrow(
    /another input: choose another name/,
  );

  const settlement = {
    namespace: 'default',
    run: 'dataset/numbers',
    cause: null,
    usage,
    simulated: true,
  } as const;
  const finish = { ...settlement, ...holder, state: 'succeeded', result: { rows: 7 } } as const;
  await runs.finish(finish);
  const settled = await showRun(database, 'default', 'dataset/numbers');
  await runs.finish(finish);
  expect(await showRun(database, 'default', 'dataset/numbers')).toEqual(settled);
  expect(settled).toMatchObject({
    state: 'succeeded',
    result: { rows: 7 },
    costUsd: 0.25,
    llmCalls: 3,
    simulated: true,
  });

  // Settled: the name is free, also while the old workflow is still closing.
  await runs.claim(claimOf(next, { input: { seed: 2 }, maxTokens: 100 }));
  await expect(runs.finish(finish)).rejects.toMatchObject({ type: 'Fence.Stale' });
  expect(await showRun(database, 'default', 'dataset/numbers')).toMatchObject({
    state: 'running',
    result: null,
  });

  // Terminated without settling: the name passes on all the same.
  await next.end();
  await runs.claim(claimOf(other));
  expect(await showRun(database, 'default', 'dataset/numbers')).toMatchObject({
    workflowId: other.workflowId,
  });
  await Promise.all([holder.end(), other.end()]);
});

test('the same input keeps what the run has spent, another input starts from zero', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const runs = createRuns({ database, askStatus });
  const owner = (id: string) => ({ workflowId: 'dataset/numbers', firstRunId: id });
  const spent = () =>
    database.selectFrom('budgets').select(['spent_tokens', 'max_tokens']).executeTakeFirstOrThrow();
  await runs.claim(claimOf(owner('1'), { maxTokens: 50 }));
  await database.updateTable('budgets').set({ spent_tokens: 40 }).execute();
  await runs.claim(claimOf(owner('2'), { maxTokens: 50 }));
  expect(await spent()).toEqual({ spent_tokens: 40, max_tokens: 50 });
  await runs.claim(claimOf(owner('3'), { maxTokens: 60, input: { seed: 9 } }));
  expect(await spent()).toEqual({ spent_tokens: 0, max_tokens: 60 });
});

test('runs whose workflow was terminated, lost or replaced are reconciled; open ones stay', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const runs = createRuns({ database, askStatus });
  const open = await openWorkflow(`${freshTaskQueue()}/open`);
  const ended = await openWorkflow(`${freshTaskQueue()}/ended`);
  await runs.claim(claimOf(open, { name: 'open' }));
  await runs.claim(claimOf(ended, { name: 'ended' }));
  await runs.claim(claimOf({ workflowId: 'never-started', firstRunId: 'x' }, { name: 'lost' }));
  await runs.claim(
    claimOf({ workflowId: open.workflowId, firstRunId: 'an older chain' }, { name: 'replaced' }),
  );
  await ended.end();
  expect((await reconcileRuns(database, 'default', askStatus)).toSorted()).toEqual([
    'dataset/ended',
    'dataset/lost',
    'dataset/replaced',
  ]);
  const states = await listRuns(database, { namespace: 'default', kind: 'dataset' });
  expect(Object.fromEntries(states.map(({ name, state }) => [name, state]))).toEqual({
    open: 'running',
    ended: 'terminated',
    lost: 'terminated',
    replaced: 'terminated',
  });
  expect(await listRuns(database, { namespace: 'elsewhere' })).toEqual([]);
  await open.end();
});

test('a run pays from its parent, named by its input or found among the workflows above it', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const runs = createRuns({ database, askStatus: async () => 'open' });
  const owner = (name: string) => ({ workflowId: `w/${name}`, firstRunId: `first-${name}`, name });
  const claim = (name: string, given: Partial<RunClaim> = {}) => runs.claim(claimOf(owner(name), given));
  await claim('top', { name: 'top', tenant: 'blue' });
  await claim('named', { name: 'named', parentRun: 'dataset/top' });
  await claim('child', { name: 'child', above: ['w/nobody', 'w/named'] });
  await claim('alone', { name: 'alone', above: ['w/nobody'] });
  const levels = await database.selectFrom('budgets').select(['level', 'above']).execute();
  expect(Object.fromEntries(levels.map((row) => [row.level, row.above]))).toEqual({
    'default/dataset/top': ['tenant/blue'],
    'default/dataset/named': ['default/dataset/top', 'tenant/blue', 'tenant/default'],
    'default/dataset/child': [
      'default/dataset/named',
      'default/dataset/top',
      'tenant/blue',
      'tenant/default',
    ],
    'default/dataset/alone': ['tenant/default'],
  });
  expect(await showRun(database, 'default', 'dataset/child')).toMatchObject({ parent: 'dataset/named' });
  expect(await showRun(database, 'default', 'dataset/alone')).toMatchObject({ parent: null });
  const refused = { type: 'Input.Invalid', nonRetryable: true };
  await expect(claim('lost', { name: 'lost', parentRun: 'answer/nobody' })).rejects.toMatchObject(refused);
  await expect(claim('self', { name: 'self', parentRun: 'dataset/self' })).rejects.toMatchObject(refused);
  const elsewhere = claim('far', { name: 'far', parentRun: 'dataset/top', namespace: 'elsewhere' });
  await expect(elsewhere).rejects.toMatchObject(refused);
  // A circle is refused when it would close.
  await expect(claim('top', { name: 'top', parentRun: 'dataset/child' })).rejects.toMatchObject(refused);
});
