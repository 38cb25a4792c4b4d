/**
 * Which executions the listed runs can need, as temporary tables of one transaction: `kept_executions` names cells by key,
 * `kept_queries` what cannot be named by key (programs that a refiner or a generator wrote), by tenant, driver and query.
 */
import { sql } from 'kysely';
import { cellCount } from '../../workflows/matrix/contract.ts';
import { createCellKeys } from '../mas/cell-outcomes.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';

const cellsAtOnce = 5_000;

/** `plans`: blobs of the runs' matrices. */
export async function markCells(transaction: Database, blobs: Blobs, plans: Iterable<string>): Promise<void> {
  await sql`create temporary table kept_executions (key text primary key) on commit drop`.execute(
    transaction,
  );
  await sql`
    create temporary table kept_queries (
      tenant text, driver text, query_id text, primary key (tenant, driver, query_id)
    ) on commit drop`.execute(transaction);
  const reader = createPlanReader(blobs);
  for (const sha256 of plans) {
    const plan = await reader.plan(sha256);
    const keyOf = createCellKeys(plan, (driver) => plan.revisions[driver] ?? '');
    const total = cellCount(plan);
    for (let from = 0; from < total; from += cellsAtOnce) {
      const cells = await reader.cells({ plan: sha256, from, to: Math.min(from + cellsAtOnce, total) });
      const keys = cells.flatMap((cell) =>
        cell.system.kind === 'program' ? [keyOf(cell, cell.system.program)] : [],
      );
      await sql`insert into kept_executions select unnest(${keys}::text[]) on conflict do nothing`.execute(
        transaction,
      );
      for (const driver of plan.drivers) {
        const queries = [...new Set(cells.map(({ query }) => query.id))];
        await sql`
          insert into kept_queries select ${plan.tenant}, ${driver}, unnest(${queries}::text[])
          on conflict do nothing`.execute(transaction);
      }
    }
  }
}
