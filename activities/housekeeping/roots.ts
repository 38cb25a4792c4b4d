/** Where the search for needed blobs begins: every address that a row of the database names. */
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';
import { addressesIn } from './reachable-blobs.ts';

/** `run`: only what the rows of this run (KIND/NAME) name; else of all that are there. */
export async function addressesOf(database: Database, run?: string): Promise<string[]> {
  const own = (column: string) => (run === undefined ? sql`true` : sql`${sql.ref(column)} = ${run}`);
  const { rows } = await sql<{ text: string | null }>`
    select input::text || coalesce(result::text, '') as text from runs
      where ${run === undefined ? sql`true` : sql`kind || '/' || name = ${run}`}
    union all select plan from run_plans where ${own('run')}
    union all select distinct program_sha256 from executions where ${own('run')}
    union all select distinct guest from executions where ${own('run')}
    union all select program_sha256 from generations where ${run === undefined ? sql`true` : sql`false`}
    union all select version || ' ' || report from query_pools where ${run === undefined ? sql`true` : sql`false`}
    union all select version || ' ' || report from query_pools where ${run === undefined ? sql`true` : sql`false`}
    union all select dataset_sha256 from artefacts where ${own('run')}`.execute(database);
  return rows.flatMap(({ text }) => addressesIn(text ?? ''));
}
