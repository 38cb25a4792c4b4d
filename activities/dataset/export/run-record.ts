/** `run.json`: what differs between two builds of the same dataset. Names, times, costs and retries; the manifest leaves it out. */
import { sql } from 'kysely';
import type { Database } from '../../storage/tables.ts';

export async function writeRunRecord(
  database: Database,
  run: { readonly namespace: string; readonly run: string; readonly manifest: string },
): Promise<string> {
  const [kind = '', name = ''] = run.run.split('/');
  const started = await database
    .selectFrom('runs')
    .select(['workflow_id', 'started_at'])
    .where('namespace', '=', run.namespace)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();
  const calls = await database
    .selectFrom('llm_calls')
    .select((eb) => [
      'model',
      'revision',
      'simulated',
      sql<number>`count(*)::float8`.as('calls'),
      sql<number>`coalesce(sum(greatest(${eb.ref('sends')} - 1, 0)), 0)::float8`.as('sentAgain'),
      sql<number>`coalesce(sum(${eb.ref('tokens_in')}), 0)::float8`.as('tokensIn'),
      sql<number>`coalesce(sum(${eb.ref('tokens_cached')}), 0)::float8`.as('tokensCached'),
      sql<number>`coalesce(sum(${eb.ref('tokens_out')}), 0)::float8`.as('tokensOut'),
      sql<number>`coalesce(sum(${eb.ref('cost_usd')}), 0)::float8`.as('costUsd'),
      sql<number>`coalesce(sum(${eb.ref('latency_ms')}), 0)::float8`.as('latencyMs'),
    ])
    .where('run', '=', run.run)
    .groupBy(['model', 'revision', 'simulated'])
    .orderBy('model')
    .orderBy('revision')
    .execute();
  const executions = await database
    .selectFrom('executions')
    .select((eb) => [
      'status',
      sql<number>`count(*)::float8`.as('executions'),
      sql<number>`coalesce(sum(${eb.ref('losses')}), 0)::float8`.as('lostAttempts'),
      sql<number>`coalesce(sum(${eb.ref('divergences')}), 0)::float8`.as('divergences'),
      sql<number>`coalesce(sum(${eb.ref('wall_ms')}), 0)::float8`.as('wallMs'),
    ])
    .where('run', '=', run.run)
    .groupBy('status')
    .orderBy('status')
    .execute();
  const record = {
    v: 1,
    run: run.run,
    namespace: run.namespace,
    manifestSha256: run.manifest,
    workflowId: started?.workflow_id ?? null,
    startedAt: started?.started_at ?? null,
    exportedAt: new Date().toISOString(),
    /** What this run was the first to ask for; replies that another run had on record cost it nothing. */
    calls,
    executions,
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}
