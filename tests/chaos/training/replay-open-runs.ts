/** As at an upgrade: histories of runs that are open are replayed by the code of this checkout. */
import { replayTraining } from '../../support/training-workers.ts';
import type { ChaosStack } from './chaos-stack.ts';

const most = 5;

/** What could not be replayed, if anything. */
export async function replayOpenRuns(stack: ChaosStack): Promise<string | undefined> {
  return stack.ask(async (client) => {
    const query = "WorkflowType = 'superviseTraining' AND ExecutionStatus = 'Running'";
    let replayed = 0;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      if (replayed === most) break;
      replayed += 1;
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      try {
        await replayTraining(workflowId, history);
      } catch (error) {
        return `replay of ${workflowId}: ${String(error)}`;
      }
    }
    return undefined;
  });
}
