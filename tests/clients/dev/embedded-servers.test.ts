/** The embedded PostgreSQL and Temporal server: what the stack and every other test stand on. */
import { Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { freshDatabase, freshTaskQueue, temporal } from '../../support/environment.ts';

test('two fresh databases are migrated and apart from each other', async () => {
  await using first = await freshDatabase();
  await using second = await freshDatabase();
  const insert = (name: string) =>
    first.database
      .insertInto('runs')
      .values({
        ...{
          namespace: 'default',
          kind: 'answer',
          name,
          tenant: 'default',
          workflow_id: 'w',
          first_run_id: 'f',
        },
        ...{ run_id: 'r', input_hash: 'h', input: '{}', state: 'running', result: null, cause: null },
      })
      .execute();
  await insert('a');
  expect(await first.database.selectFrom('runs').select('name').execute()).toEqual([{ name: 'a' }]);
  expect(await second.database.selectFrom('runs').select('name').execute()).toEqual([]);
});

test('the Temporal server answers, keeps closed runs for 30 days and honours fairness keys', async () => {
  const connection = await Connection.connect({ address: temporal.address() });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
  expect(freshTaskQueue()).not.toBe(freshTaskQueue());
  await connection.close();
});
