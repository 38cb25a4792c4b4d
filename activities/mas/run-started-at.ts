/** When the current start of a run claimed its name: what is newer was done by this start. */
import type { Info } from '@temporalio/activity';
import type { Database } from '../storage/tables.ts';

/** Falls back to when the activity was first scheduled, for batches that no claimed run started. */
export async function runStartedAt(
  database: Database,
  run: string,
  info: Pick<Info, 'workflowNamespace' | 'scheduledTimestampMs'>,
): Promise<Date> {
  const [kind = '', name = ''] = run.split('/');
  const row = await database
    .selectFrom('runs')
    .select('started_at')
    .where('namespace', '=', info.workflowNamespace ?? '')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.started_at ?? new Date(info.scheduledTimestampMs);
}
