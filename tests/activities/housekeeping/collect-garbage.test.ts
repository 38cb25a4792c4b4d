/** Garbage collection on a real database and real files: what a listed run can need stays, all else goes. */
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { collectGarbage, type CollectOptions } from '../../../activities/housekeeping/collect-garbage.ts';
import { identityOf } from '../../../activities/mas/cell-outcomes.ts';
import { executionKey } from '../../../activities/mas/execution-key.ts';
import { createPlanReader } from '../../../activities/mas/plan-reader.ts';
import { walkBlobs } from '../../../activities/storage/blob-files.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import { cellCount, planSchema } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { freshDatabase } from '../../support/environment.ts';

const directory = await mkdtemp(join(tmpdir(), 'masgpt-gc-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

async function world(name: string) {
  const fresh = await freshDatabase();
  const home = join(directory, name);
  const blobDirectory = join(home, 'blobs');
  const trainingDirectory = join(home, 'training');
  await mkdir(trainingDirectory, { recursive: true });
  const blobs = createDirectoryBlobs(blobDirectory);
  const { database } = fresh;
  const pool = [await blobs.put('program one'), await blobs.put('program two')];
  const guest = await blobs.put('guest');

  const addRun = (run: string, state: string, input: object = {}, result: object | null = null) => {
    const [kind, name] = run.split('/');
    return sql`
      insert into runs (namespace, kind, name, tenant, workflow_id, first_run_id, run_id, input_hash, input, result, state, started_at)
      values ('default', ${kind}, ${name}, 'default', ${run}, '1', '1', '', ${JSON.stringify(input)}::json,
              ${result === null ? null : JSON.stringify(result)}::json, ${state}, now() - interval '2 hours')`.execute(
      database,
    );
  };
  /** A matrix of the given queries and pool programs; its cells are executed by `executedBy`. */
  const addPlan = async (
    run: string,
    queryCount: number,
    programs: readonly string[],
    executedBy: string,
  ) => {
    const queries = generateQueries({ source: 'generated-test', seed: 1, count: queryCount });
    const plan = planSchema.parse({
      ...{ v: 1, queryCount, drivers: ['driver'], revisions: { driver: '1' }, repeats: 1, seed: 0 },
      ...{ tenant: 'default', limits: limitsSchema.parse({}) },
      queries: await blobs.put(queries.map((query) => `${JSON.stringify(query)}\n`).join('')),
      systems: programs.map((sha256, index) => ({
        ...{ kind: 'program', id: `p${index}` },
        program: { id: `p${index}`, sha256 },
      })),
    });
    const sha256 = await blobs.put(JSON.stringify(plan));
    await database.insertInto('run_plans').values({ namespace: 'default', run, plan: sha256 }).execute();
    const cells = await createPlanReader(blobs).cells({ plan: sha256, from: 0, to: cellCount(plan) });
    for (const cell of cells) {
      if (cell.system.kind !== 'program') continue;
      const { program } = cell.system;
      const key = executionKey(identityOf(plan, cell, program), '1');
      await addExecution(key, executedBy, cell.query.id, program.sha256);
    }
    return queries;
  };
  const addExecution = async (key: string, run: string, queryId: string, program: string) => {
    await database
      .insertInto('executions')
      .values({
        ...{ key, tenant: 'default', run, query_id: queryId, program_sha256: program, driver: 'driver' },
        ...{ repeat: 0, seed: '', guest, status: 'answered' },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await sql`insert into journal (execution, lineage, hash, occurrence, seq, method, args, started_at)
      values (${key}, '', '', 0, 1, 'chat', '{}', now()) on conflict do nothing`.execute(database);
  };
  const collect = (given: Partial<CollectOptions> = {}) =>
    collectGarbage({
      ...{ database, blobDirectory, trainingDirectory, poolPrograms: pool, retentionMs: 86_400_000 },
      ...{ dryRun: false },
      ...given,
    });
  /** As if nobody had used them for a day. */
  const age = async (...addresses: string[]) => {
    const day = new Date(Date.now() - 86_400_000);
    for await (const { sha256, path } of walkBlobs(blobDirectory))
      if (addresses.length === 0 || addresses.includes(sha256)) await utimes(path, day, day);
  };
  return {
    ...{ database, blobs, pool, trainingDirectory, addRun, addPlan, addExecution, collect, age },
    [Symbol.asyncDispose]: () => fresh[Symbol.asyncDispose](),
  };
}

async function runsOfExecutions(database: Database): Promise<Record<string, number>> {
  const { rows } = await sql<{ run: string; count: number }>`
    select run, count(*)::integer as count from executions group by run order by run`.execute(database);
  return Object.fromEntries(rows.map(({ run, count }) => [run, count]));
}

test('cells of a run that is gone stay when a listed matrix has them, with their journal; the others go', async () => {
  await using here = await world('cells');
  const { database } = here;
  await here.addRun('evaluation/listed', 'succeeded');
  await here.addPlan('evaluation/listed', 3, here.pool.slice(0, 1), 'evaluation/gone');
  await here.addPlan('evaluation/gone', 4, here.pool, 'evaluation/gone');
  expect(await runsOfExecutions(database)).toEqual({ 'evaluation/gone': 8 });
  const dry = await here.collect({ dryRun: true });
  expect(dry.executions).toBe(5);
  expect(await runsOfExecutions(database)).toEqual({ 'evaluation/gone': 8 });
  expect((await here.collect()).executions).toBe(5);
  expect(await runsOfExecutions(database)).toEqual({ 'evaluation/gone': 3 });
  expect(await database.selectFrom('journal').selectAll().execute()).toHaveLength(3);
  expect((await here.collect()).executions).toBe(0);
});

test('programs written for the queries of a listed matrix keep their executions and their source', async () => {
  await using here = await world('refined');
  await here.addRun('dataset/listed', 'failed', { refiner: 'refiner' });
  const [query] = await here.addPlan('dataset/listed', 1, here.pool, 'dataset/listed');
  const refined = await here.blobs.put('refined');
  const other = await here.blobs.put('refined for a query of nobody');
  await here.addExecution('a'.repeat(64), 'dataset/gone', query?.id ?? '', refined);
  await here.addExecution('b'.repeat(64), 'dataset/gone', 'another query', other);
  for (const [key, model] of Object.entries({ kept: 'refiner', removed: 'driver' })) {
    await sql`insert into llm_calls (key, tenant, run, model, revision, state, owner, lease_until, sends, request, tokens_in,
      tokens_cached, tokens_out, cost_usd, latency_ms, simulated)
      values (${key}, 'default', 'dataset/gone', ${model}, '', 'done', '', now(), 1, '{}', 0, 0, 0, 0, 0, false)`.execute(
      here.database,
    );
  }
  await here.age();
  expect(await here.collect()).toMatchObject({ executions: 1, calls: 1, blobs: 1 });
  expect(await here.blobs.has(refined)).toBe(true);
  expect(await here.blobs.has(other)).toBe(false);
  const calls = await here.database.selectFrom('llm_calls').select('key').execute();
  expect(calls).toEqual([{ key: 'kept' }]);
});

test('a blob stays that a listed run names, directly or through others; an old one that nobody names goes', async () => {
  await using here = await world('blobs');
  const deep = await here.blobs.put('rows');
  const manifest = await here.blobs.put(JSON.stringify({ files: [{ sha256: deep }] }));
  const input = await here.blobs.put('query lines');
  await here.addRun('dataset/a', 'succeeded', { queries: [{ sha256: input }] }, { files: { m: manifest } });
  const [version, report] = [await here.blobs.put('lines of a pool'), await here.blobs.put('its report')];
  await here.database
    .insertInto('query_pools')
    .values({ name: 'pool', version, report, queries: 1 })
    .execute();
  const stale = await here.blobs.put('stale');
  await here.age();
  const young = await here.blobs.put('young');
  const again = await here.blobs.put('put again');
  await here.age(again);
  await here.blobs.put('put again');
  // The stale one, and the pool's two programs and the guest, which no row names.
  expect((await here.collect()).blobs).toBe(4);
  const there = await Promise.all([deep, manifest, input, version, report, young, again].map(here.blobs.has));
  expect(there).toEqual(Array(7).fill(true));
  expect(await here.blobs.has(stale)).toBe(false);
});

test('while a run is open, what was used since its start stays', async () => {
  await using here = await world('open');
  await here.addRun('answer/open', 'running');
  const used = await here.blobs.put('used by the open run');
  const before = await here.blobs.put('before it');
  await here.age();
  await here.blobs.put('used by the open run');
  await here.collect();
  expect(await Promise.all([used, before].map(here.blobs.has))).toEqual([true, false]);
});

test('a deleted run takes with it what only it needed, and not the garbage of others', async () => {
  await using here = await world('deleted');
  const { database } = here;
  const shared = await here.blobs.put('shared');
  const own = await here.blobs.put('own');
  await here.addRun('evaluation/a', 'succeeded', {}, { files: [own, shared] });
  await here.addRun('evaluation/b', 'succeeded', {}, { files: [shared] });
  await here.addPlan('evaluation/a', 3, here.pool, 'evaluation/a');
  await here.addPlan('evaluation/b', 1, here.pool, 'evaluation/a');
  await here.addExecution('c'.repeat(64), 'evaluation/long-gone', 'q', here.pool[0] ?? '');
  const stray = await here.blobs.put('stray');
  await mkdir(join(here.trainingDirectory, 'old'));
  await here.age();
  const deleted = { namespace: 'default', run: 'evaluation/a' };
  const collected = await here.collect({ deleted });
  expect(collected).toMatchObject({ executions: 4, directories: [] });
  expect(await runsOfExecutions(database)).toEqual({ 'evaluation/a': 2, 'evaluation/long-gone': 1 });
  expect(await Promise.all([own, shared, stray].map(here.blobs.has))).toEqual([false, true, true]);
  await expect(here.collect({ deleted })).rejects.toMatchObject({ type: 'Input.Invalid' });
  const rest = await here.collect();
  expect(rest).toMatchObject({ executions: 1, directories: [join(here.trainingDirectory, 'old')] });
  expect(await readdir(here.trainingDirectory)).toEqual([]);
});

test('a run that is open cannot be deleted, and nothing of it goes', async () => {
  await using here = await world('running');
  await here.addRun('evaluation/open', 'running');
  await here.addPlan('evaluation/open', 2, here.pool, 'evaluation/open');
  const deleted = { namespace: 'default', run: 'evaluation/open' };
  await expect(here.collect({ deleted })).rejects.toMatchObject({ type: 'Input.Invalid' });
  expect(await here.collect()).toMatchObject({ executions: 0 });
  expect(await runsOfExecutions(here.database)).toEqual({ 'evaluation/open': 4 });
});

test('payloads and steering go a day after the last history that could hold them; using one again keeps it', async () => {
  await using here = await world('payloads');
  const { database } = here;
  const data = Buffer.from('x');
  const daysAgo = (days: number) => sql<Date>`now() - make_interval(days => ${days})`;
  const values = [1, 3, 5].map((days) => ({ sha256: `${days}`, data, used_at: daysAgo(days) as never }));
  await database.insertInto('payloads').values(values).execute();
  const steering = values.map(({ sha256, used_at }) => ({
    key: sha256,
    version: 1,
    held: true,
    updated_at: used_at,
  }));
  await database.insertInto('matrix_steering').values(steering).execute();
  expect((await here.collect({ retentionMs: 3 * 86_400_000 })).payloads).toBe(1);
  const left = await database.selectFrom('payloads').select('sha256').orderBy('sha256').execute();
  expect(left.map(({ sha256 }) => sha256)).toEqual(['1', '3']);
  const steered = await database.selectFrom('matrix_steering').select('key').orderBy('key').execute();
  expect(steered.map(({ key }) => key)).toEqual(['1', '3']);
});
