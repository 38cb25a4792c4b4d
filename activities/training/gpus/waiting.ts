/** Runs that wait for a GPU: told by signal when one may be free, in the order in which they came. Whoever asks first then has it. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { gpuFreedSignal } from '../../../workflows/training/contract.ts';
import type { Database } from '../../storage/tables.ts';

const mostAtOnce = 100;

export async function rememberWaiting(database: Database, run: string, workflowId: string): Promise<void> {
  await database
    .insertInto('training_gpu_waits')
    .values({ run, workflow_id: workflowId })
    .onConflict((conflict) => conflict.column('run').doUpdateSet({ workflow_id: workflowId }))
    .execute();
}

export async function forgetWaiting(database: Database, run: string): Promise<void> {
  await database.deleteFrom('training_gpu_waits').where('run', '=', run).execute();
}

/** A signal that is lost delays a run until it looks again by itself. */
export async function wakeWaiting(database: Database, client: Pick<Client, 'workflow'>): Promise<void> {
  const waits = await database
    .selectFrom('training_gpu_waits')
    .select(['run', 'workflow_id'])
    .orderBy('since')
    .limit(mostAtOnce)
    .execute();
  for (const { run, workflow_id: workflowId } of waits) {
    try {
      await client.workflow.getHandle(workflowId).signal(gpuFreedSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) continue;
      // It ended while it waited.
      await forgetWaiting(database, run);
    }
  }
}
