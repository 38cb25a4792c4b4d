/** The store's connection: migrations at once, numbers, foreign text, and connections that the server drops. */
import { Migrator, sql } from 'kysely';
import { expect, inject, test } from 'vitest';
import { isFailure } from '../../../activities/failure.ts';
import { migrate, openDatabase, readStoreId } from '../../../activities/storage/database.ts';
import { toJson, toText } from '../../../activities/storage/encode.ts';
import { migrations } from '../../../activities/storage/migrations/index.ts';
import { freshDatabase } from '../../support/environment.ts';

test('two processes that migrate an empty database at once both succeed, and a second time changes nothing', async () => {
  await using fresh = await freshDatabase();
  await sql`drop schema public cascade`.execute(fresh.database);
  await sql`create schema public`.execute(fresh.database);
  const other = openDatabase(fresh.url);
  await Promise.all([migrate(fresh.database), migrate(other)]);
  await migrate(other);
  expect(await readStoreId(fresh.database)).toBe(await readStoreId(other));
  await other.destroy();
});

test('budgets of an earlier release keep what was spent, per namespace and below their tenant', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  await sql`drop schema public cascade`.execute(database);
  await sql`create schema public`.execute(database);
  const earlier = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'masgpt_migrations',
    migrationLockTableName: 'masgpt_migrations_lock',
  });
  await earlier.migrateTo('0005-repairs');
  for (const namespace of ['default', 'second']) {
    await sql`
      insert into runs (namespace, kind, name, tenant, workflow_id, first_run_id, run_id, input_hash, input, state)
        values (${namespace}, 'dataset', 'old', 'blue', 'dataset/old', '1', '1', '', '{}', 'running')`.execute(
      database,
    );
  }
  await sql`
    insert into budgets (run, max_tokens, spent_tokens, reserved_tokens) values ('dataset/old', 100, 40, 30)`.execute(
    database,
  );
  await sql`
    insert into budget_reservations (id, run, cost_usd, tokens, lease_until) values ('x', 'dataset/old', 0, 30, now())`.execute(
    database,
  );
  await migrate(database);
  const rows = await database
    .selectFrom('budgets')
    .select(['level', 'above', 'max_tokens', 'spent_tokens', 'reserved_tokens', 'period'])
    .orderBy('level')
    .execute();
  const kept = { max_tokens: 100, spent_tokens: 40, reserved_tokens: 0, period: 'total' };
  expect(rows).toEqual([
    { level: 'default/dataset/old', above: ['tenant/blue'], ...kept },
    { level: 'second/dataset/old', above: ['tenant/blue'], ...kept },
  ]);
  expect(await database.selectFrom('budget_reservations').selectAll().execute()).toEqual([]);
});

test('a database of a newer release is refused with a remedy', async () => {
  await using fresh = await freshDatabase();
  await sql`insert into masgpt_migrations (name, timestamp) values ('9999-later', '2999')`.execute(
    fresh.database,
  );
  await expect(migrate(fresh.database)).rejects.toThrow(/newer release/);
});

test('counts and costs come back as numbers, and any text can be stored', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const foreign = 'NUL \0, lone \uD800, emoji \u{1F600}';
  await database
    .insertInto('budgets')
    .values({ level: toText(foreign), max_cost_usd: 0.1, max_tokens: 5e9 })
    .execute();
  const budget = await database.selectFrom('budgets').selectAll().executeTakeFirstOrThrow();
  expect(budget).toMatchObject({
    level: 'NUL \u{FFFD}, lone \u{FFFD}, emoji \u{1F600}',
    max_cost_usd: 0.1,
    max_tokens: 5e9,
  });
  const { rows } = await sql<{ value: unknown }>`select ${toJson([foreign, null])} as value`.execute(
    database,
  );
  expect(rows[0]?.value).toEqual([foreign, null]);
});

test('a dropped connection fails what was asked with Storage.Unavailable, and the next question is answered', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  const admin = openDatabase(inject('postgresUrl'), { max: 1 });
  const name = new URL(fresh.url).pathname.slice(1);
  const asked = sql`select pg_sleep(30)`.execute(database);
  const held = database.transaction().execute(async (transaction) => {
    await sql`select 1`.execute(transaction);
    await asked.catch(() => {});
    await sql`select 1`.execute(transaction);
  });
  const ofTest = sql`datname = ${name} and pid <> pg_backend_pid() and state in ('active', 'idle in transaction')`;
  const busy = async () =>
    (await sql`select pid from pg_stat_activity where ${ofTest}`.execute(admin)).rows.length;
  await expect.poll(busy, { timeout: 20_000 }).toBe(2);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where ${ofTest}`.execute(admin);
  await expect(asked).rejects.toMatchObject({ type: 'Storage.Unavailable', nonRetryable: false });
  await expect(held).rejects.toMatchObject({ type: 'Storage.Unavailable' });
  // A third connection, idle then, may still look alive: what is asked on it fails once and is answered when asked again.
  const answer = (): Promise<unknown> =>
    sql`select 1 as one`.execute(database).then(
      ({ rows }) => rows,
      (error: unknown) => (isFailure(error, 'Storage.Unavailable') ? 'asked again' : error),
    );
  await expect.poll(answer, { timeout: 20_000 }).toEqual([{ one: 1 }]);
  await admin.destroy();
});

test('a server that is not there is Storage.Unavailable too', async () => {
  const database = openDatabase('postgres://nobody@127.0.0.1:1/none');
  await expect(readStoreId(database)).rejects.toMatchObject({ type: 'Storage.Unavailable' });
  await database.destroy();
});
