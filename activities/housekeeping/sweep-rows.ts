/**
 * Rows that no listed run can need, removed within the transaction that marked what they need (mark-cells.ts). Executions take
 * their journal and scores with them. A paid call is kept for every listed dataset whose refiner made it: that run asks again.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Database } from '../storage/tables.ts';

/** How many rows went. */
export type SweptRows = Readonly<
  Record<'executions' | 'generations' | 'calls' | 'payloads' | 'budgets' | 'training', number>
>;

export interface SweepOptions {
  /** Only what this run (KIND/NAME) made. */
  readonly run?: string | undefined;
  /** sha256 of the pool's programs: their executions are told by key, and not by query. */
  readonly poolPrograms: readonly string[];
  /** Temporal may still hand out payloads that were used since, and open runs read their steering. */
  readonly unusedSince: Date;
}

/** Cells that another site made are kept until their import is deleted. */
const kept = (run: RawBuilder<unknown>): RawBuilder<boolean> => sql`
  (exists (select 1 from runs r where r.kind || '/' || r.name = ${run})
    or exists (select 1 from matrix_imports i where i.run = ${run}))`;

export async function sweepRows(transaction: Database, options: SweepOptions): Promise<SweptRows> {
  const { run, poolPrograms, unusedSince } = options;
  const unlisted = (column: string): RawBuilder<boolean> =>
    run === undefined
      ? sql`not ${kept(sql.ref(column))}`
      : sql`(${sql.ref(column)} = ${run} and not ${kept(sql.ref(column))})`;
  const remove = async (statement: RawBuilder<unknown>): Promise<number> =>
    Number((await statement.execute(transaction)).numAffectedRows ?? 0);

  const executions = await remove(sql`
    delete from executions e
    where ${unlisted('e.run')}
      and not exists (select 1 from kept_executions k where k.key = e.key)
      and (e.program_sha256 = any (${poolPrograms}::text[]) or not exists (
        select 1 from kept_queries q
        where q.tenant = e.tenant and q.driver = e.driver and q.query_id = e.query_id))`);
  const generations = await remove(sql`
    delete from generations g
    where not exists (select 1 from executions e where e.query_id = g.query_id)
      and not exists (select 1 from kept_queries q where q.query_id = g.query_id)
      and g.created_at < (select coalesce(min(started_at), now()) from runs where state = 'running')`);
  const calls = await remove(sql`
    delete from llm_calls c
    where ${unlisted('c.run')} and c.state <> 'pending'
      and not exists (
        select 1 from runs r
        where r.kind = 'dataset' and r.tenant = c.tenant and r.input ->> 'refiner' = c.model)`);
  let payloads = 0;
  if (run === undefined) {
    payloads = await remove(sql`delete from payloads where used_at < ${unusedSince}`);
    await remove(sql`delete from matrix_steering where updated_at < ${unusedSince}`);
  }
  const budgets = await remove(sql`
    delete from budgets b
    where b.level not like 'tenant/%'
      and not exists (select 1 from runs r where b.level = r.namespace || '/' || r.kind || '/' || r.name)
      and ${run === undefined ? sql`true` : sql`right(b.level, length(${run}) + 1) = '/' || ${run}`}`);
  let training = 0;
  for (const table of [
    'training_attempts',
    'training_checkpoints',
    'training_checkpoint_copies',
    'training_operations',
    'artefacts',
  ] as const)
    training += await remove(sql`delete from ${sql.table(table)} t where ${unlisted('t.run')}`);
  return { executions, generations, calls, payloads, budgets, training };
}
