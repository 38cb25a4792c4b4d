/**
 * A matrix whose executions and scores PostgreSQL makes itself, by one statement per 200 queries, with the keys that the product
 * computes: what reads a matrix can be measured at any size without running a program.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { canonicalJson } from '../../../activities/storage/canonical-json.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { type Plan, planSchema } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import type { Query } from '../../../workflows/shared/query.ts';

export const generatedRevision = '1';
export const generatedGrader = 'number/1';

/** `queries`: blob of their lines. One driver, `bench`. */
export function generatedPlan(given: {
  readonly queries: string;
  readonly queryCount: number;
  readonly programs: readonly { readonly id: string; readonly sha256: string }[];
  readonly repeats: number;
}): Plan {
  return planSchema.parse({
    ...{ v: 1, queries: given.queries, queryCount: given.queryCount, repeats: given.repeats },
    systems: given.programs.map((program) => ({ kind: 'program', id: program.id, program })),
    ...{ drivers: ['bench'], revisions: { bench: generatedRevision }, seed: 7, tenant: 'bench' },
    limits: limitsSchema.parse({}),
  });
}

const queriesPerStatement = 200;

/** One cell in 50 failed, half of the others are right. */
export async function insertMatrix(
  database: Database,
  plan: Plan,
  queries: readonly Pick<Query, 'id'>[],
): Promise<void> {
  const programs = plan.systems.flatMap((system) =>
    system.kind === 'program' ? [system.program.sha256] : [],
  );
  const [driver = ''] = plan.drivers;
  const seedEnd = `,${canonicalJson(driver)},`;
  const middle = `",${canonicalJson(plan.tenant)},`;
  const end = `,${canonicalJson(driver)},${canonicalJson(generatedRevision)},${canonicalJson(plan.limits)},""]`;
  for (let from = 0; from < queries.length; from += queriesPerStatement) {
    const ids = queries.slice(from, from + queriesPerStatement).map(({ id }) => id);
    await sql`
      with cells as (
        select query, program, repeat, encode(sha256(convert_to(
          '[' || ${plan.seed}::int || ',"' || query || '","' || program || '"' || ${seedEnd}::text || repeat || ']',
          'UTF8')), 'hex') as seed
        from unnest(${ids}::text[]) query, unnest(${programs}::text[]) program,
             generate_series(0, ${plan.repeats - 1}::int) repeat
      ), keyed as (
        select *, encode(sha256(convert_to(
          '["' || seed || ${middle}::text || '"' || query || '","' || program || '"' || ${end}::text, 'UTF8')), 'hex') as key,
          ('x' || left(seed, 7))::bit(28)::int as draw
        from cells
      ), executed as (
        insert into executions (key, tenant, run, query_id, program_sha256, driver, repeat, seed, guest, status,
          failure_kind, failure_message, answer, llm_calls, tokens_in, tokens_out, cost_usd, simulated, ended_at)
        select key, ${plan.tenant}, 'dataset/bench', query, program, ${driver}, repeat, seed, 'guest',
          case when draw % 50 = 0 then 'failed' else 'answered' end,
          case when draw % 50 = 0 then 'raised' end,
          case when draw % 50 = 0 then 'ValueError: ' || seed end,
          case when draw % 50 = 0 then null else repeat('The sum is taken step by step. ', 10) || draw end,
          3, 500 + draw % 100, 200 + draw % 70, 0.0001 * (draw % 90), true, now()
        from keyed
      )
      insert into scores (execution, grader, score, verdict)
      select key, ${generatedGrader}, case when draw % 50 = 0 then 0 else draw % 2 end,
        '{"extracted":"1","reason":"as generated"}'
      from keyed`.execute(database);
  }
}

export function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
