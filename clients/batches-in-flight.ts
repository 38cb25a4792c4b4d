/** Adds to a run's progress what its batches in flight have done by now, as their heartbeats tell. */
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { BatchProgress } from '../workflows/matrix/contract.ts';
import { addCounts } from '../workflows/shared/counts.ts';
import type { Progress } from '../workflows/shared/progress.ts';
import { addUsage, noUsage } from '../workflows/shared/usage.ts';

export async function addBatchesInFlight(client: Client, progress: Progress): Promise<Progress> {
  const beats = await Promise.all((progress.open ?? []).map((id) => lastBeat(client, id)));
  return beats.reduce<Progress>(
    (sum, beat) =>
      beat === null
        ? sum
        : {
            ...sum,
            done: sum.done + beat.done,
            found: (sum.found ?? 0) + (beat.found ?? 0),
            failed: sum.failed + beat.failed,
            failureKinds: addCounts(sum.failureKinds, beat.failureKinds),
            usage: addUsage(sum.usage ?? noUsage, beat.usage),
          },
    progress,
  );
}

/** Null before the first heartbeat, when the batch has just ended, and where a codec hides the details. */
async function lastBeat(client: Client, workflowId: string): Promise<BatchProgress | null> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const [details] =
      raw.pendingActivities?.flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []) ?? [];
    return details ? defaultPayloadConverter.fromPayload<BatchProgress>(details) : null;
  } catch {
    return null;
  }
}
