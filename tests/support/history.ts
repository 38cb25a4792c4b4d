/** How long a workflow's history is, over all runs of its chain. */
import type { Client } from '@temporalio/client';

export interface HistorySize {
  readonly runs: number;
  readonly events: number;
  /** Of the run with most of them. */
  readonly mostEvents: number;
  readonly bytes: number;
}

export async function historyOf(client: Client, workflowId: string): Promise<HistorySize> {
  let size: HistorySize = { runs: 0, events: 0, mostEvents: 0, bytes: 0 };
  let runId: string | undefined;
  do {
    const handle = client.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize = 0 } = await handle.describe();
    size = {
      runs: size.runs + 1,
      events: size.events + historyLength,
      mostEvents: Math.max(size.mostEvents, historyLength),
      bytes: size.bytes + historySize,
    };
    const [started] = (await handle.fetchHistory()).events ?? [];
    runId = started?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  } while (runId !== '');
  return size;
}
