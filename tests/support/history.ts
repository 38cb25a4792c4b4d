/** How long a workflow's history is, over all runs of its chain. */
import type { Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';

export interface HistorySize {
  readonly runs: number;
  readonly events: number;
  readonly bytes: number;
}

export async function historyOf(client: Client, workflowId: string): Promise<HistorySize> {
  let size: HistorySize = { runs: 0, events: 0, bytes: 0 };
  const handle = client.workflow.getHandle(workflowId);
  let { runId } = await handle.describe();
  while (runId) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = history.events ?? [];
    size = {
      runs: size.runs + 1,
      events: size.events + events.length,
      bytes: size.bytes + proto.api.history.v1.History.encode(history).finish().byteLength,
    };
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  }
  return size;
}
