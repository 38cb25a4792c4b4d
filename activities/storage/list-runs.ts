/** Reading runs, and settling those whose workflow ended without a word (terminated, timed out, lost with its server). */
import { sql } from 'kysely';
import type { RunKind } from '../../workflows/shared/run-input.ts';
import type { Database } from './tables.ts';
import type { RunState } from './tables/runs.ts';
import type { AskStatus, WorkflowStatus } from './workflow-status.ts';

export interface RunRecord {
  /** KIND/NAME. */
  readonly run: string;
  readonly namespace: string;
  readonly kind: RunKind;
  readonly name: string;
  readonly tenant: string;
  /** KIND/NAME; null for a run of its own. */
  readonly parent: string | null;
  readonly workflowId: string;
  readonly runId: string;
  readonly firstRunId: string;
  readonly inputHash: string;
  readonly input: unknown;
  readonly state: RunState;
  readonly result: unknown;
  readonly cause: string | null;
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
  readonly simulated: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

export interface RunFilter {
  readonly namespace: string;
  readonly kind?: RunKind | undefined;
  readonly state?: RunState | undefined;
  readonly limit?: number | undefined;
}

/** Newest first. */
export async function listRuns(database: Database, filter: RunFilter): Promise<RunRecord[]> {
  let query = selectRuns(database).where('namespace', '=', filter.namespace);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  return query
    .orderBy('started_at', 'desc')
    .limit(filter.limit ?? 100)
    .execute();
}

/** `run` = KIND/NAME. */
export async function showRun(
  database: Database,
  namespace: string,
  run: string,
): Promise<RunRecord | undefined> {
  const [kind = '', name = ''] = run.split('/');
  return selectRuns(database)
    .where('namespace', '=', namespace)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** Asks Temporal about every running row and settles those whose workflow is closed. Returns their KIND/NAME. */
export async function reconcileRuns(
  database: Database,
  namespace: string,
  askStatus: AskStatus,
): Promise<string[]> {
  const open = await listRuns(database, { namespace, state: 'running', limit: 10_000 });
  const settled: string[] = [];
  for (const run of open) {
    const status = await askStatus(run);
    if (status === 'open') continue;
    const { numUpdatedRows } = await database
      .updateTable('runs')
      .set({
        state: stateOfStatus[status],
        cause: `its workflow ended without settling (${status})`,
        ended_at: sql<Date>`now()`,
      })
      .where('namespace', '=', namespace)
      .where('kind', '=', run.kind)
      .where('name', '=', run.name)
      .where('first_run_id', '=', run.firstRunId)
      .where('state', '=', 'running')
      .executeTakeFirst();
    if (numUpdatedRows === 1n) settled.push(run.run);
  }
  return settled;
}

/** For a row whose workflow ended without settling: how the row ends. */
const stateOfStatus: Readonly<Record<Exclude<WorkflowStatus, 'open'>, RunState>> = {
  completed: 'failed',
  failed: 'failed',
  cancelled: 'cancelled',
  terminated: 'terminated',
  timedOut: 'terminated',
  vanished: 'terminated',
};

function selectRuns(database: Database) {
  return database
    .selectFrom('runs')
    .select([
      sql<string>`kind || '/' || name`.as('run'),
      'namespace',
      sql<RunKind>`kind`.as('kind'),
      'name',
      'tenant',
      'parent',
      'workflow_id as workflowId',
      'run_id as runId',
      'first_run_id as firstRunId',
      'input_hash as inputHash',
      'input',
      'state',
      'result',
      'cause',
      'llm_calls as llmCalls',
      'tokens_in as tokensIn',
      'tokens_out as tokensOut',
      'cost_usd as costUsd',
      'simulated',
      'started_at as startedAt',
      'ended_at as endedAt',
    ]);
}
