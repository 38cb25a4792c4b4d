/** The port through which the store asks Temporal what became of a run's workflow. */
import { Context } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { failure } from '../failure.ts';

/** `vanished`: Temporal no longer knows it, or another workflow has taken its id. */
export type WorkflowStatus =
  | 'open'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'terminated'
  | 'timedOut'
  | 'vanished';

/** A workflow by its chain: continue-as-new and retries keep the first execution's run id. */
export interface WorkflowChain {
  readonly namespace: string;
  readonly workflowId: string;
  readonly firstRunId: string;
}

export type AskStatus = (chain: WorkflowChain) => Promise<WorkflowStatus>;

/** Asks through `client`; throws a retryable `Storage.Unavailable` when Temporal does not answer. */
export function createAskStatus(client: () => Client): AskStatus {
  return async ({ namespace, workflowId, firstRunId }) => {
    try {
      const { workflowExecutionInfo: info } = await client().workflowService.describeWorkflowExecution({
        namespace,
        execution: { workflowId },
      });
      if (info?.firstRunId !== firstRunId) return 'vanished';
      return statusByCode[info.status ?? 0] ?? 'vanished';
    } catch (error) {
      if (isNotFound(error)) return 'vanished';
      throw failure(
        'Storage.Unavailable',
        `Temporal does not tell whether ${workflowId} is open: retried by itself`,
        {
          cause: error,
        },
      );
    }
  };
}

/** Inside an activity: asks through its worker's own connection. */
export const askStatusFromActivity: AskStatus = createAskStatus(() => Context.current().client);

/** temporal.api.enums.v1.WorkflowExecutionStatus; 6, continued as new, has an open successor with the same first run id. */
const statusByCode: Readonly<Record<number, WorkflowStatus>> = {
  1: 'open',
  2: 'completed',
  3: 'failed',
  4: 'cancelled',
  5: 'terminated',
  6: 'open',
  7: 'timedOut',
  8: 'open', // paused
};

function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 5;
}
