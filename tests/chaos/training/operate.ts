/** What a patient person does with a run: starts it, looks at it, and helps it when it asks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { superviseTrainingType } from '../../../workflows/training/contract.ts';
import type { Target } from './faults/target.ts';

export type Supervised = Pick<Target, 'stack' | 'run' | 'workflowId' | 'input'>;

/** The same start again changes nothing. */
export async function startRun({ stack, run, workflowId, input }: Supervised): Promise<void> {
  const name = run.slice(run.indexOf('/') + 1);
  await stack.ask(async (client) => {
    const options = { taskQueue: 'masgpt', workflowId, args: [{ name, ...input }] };
    await client.workflow.start(superviseTrainingType, options).catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    });
  });
}

export async function statusOf({ stack, workflowId }: Supervised): Promise<string> {
  return stack.ask(async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name);
}

/** Where no checkpoint is left it begins again, otherwise it goes on; the cause for which it had asked, if it had. */
export async function helpParked({ stack, workflowId }: Supervised): Promise<string | undefined> {
  const progress = await stack
    .ask((client) => client.workflow.getHandle(workflowId).query<Progress>('progress'))
    .catch(() => undefined);
  if (progress?.state !== 'needsOperator' && progress?.state !== 'paused') return undefined;
  const { cause = progress.state } = progress;
  const update = stack.ask((client) => {
    const handle = client.workflow.getHandle(workflowId);
    if (!cause.includes('checkpointCorrupt')) return handle.executeUpdate('resume');
    return handle.executeUpdate('retryFromCheckpoint', { args: [{ step: 0 }] });
  });
  // It may just have been terminated or reset.
  await update.catch(() => sleep(500));
  return cause;
}
