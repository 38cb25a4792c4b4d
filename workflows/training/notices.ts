/**
 * Notices to people by webhook. Each is a child workflow that outlives its run, so that neither a slow target holds the run nor the
 * run's end loses a notice: delivered at least once within a day, told apart by its id.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, proxyActivities, startChild, workflowInfo } from '@temporalio/workflow';
import type { TrainingActivities } from '../../activities/training/activities.ts';
import { type NoticeEvent, type OperatorNotice, tellOperatorsType } from './contract.ts';
import { messageOf } from './attempt.ts';

export interface TellOrder {
  readonly targets: readonly string[];
  readonly notice: OperatorNotice;
}

/** Targets that took it, and why others did not. */
export interface Told {
  readonly delivered: readonly string[];
  readonly failed: Readonly<Record<string, string>>;
}

export async function tellOperators({ targets, notice }: TellOrder): Promise<Told> {
  const { deliverNotice } = proxyActivities<TrainingActivities>({
    startToCloseTimeout: '1 min',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '1 s', maximumInterval: '5 min' },
    summary: notice.event,
  });
  const failed: Record<string, string> = {};
  const delivered: string[] = [];
  await Promise.all(
    targets.map(async (target) => {
      try {
        await deliverNotice({ target, notice });
        delivered.push(target);
      } catch (thrown) {
        failed[target] = messageOf(thrown);
      }
    }),
  );
  return { delivered: delivered.toSorted(), failed };
}

/** Returns once the child has begun. `number` rises within the run. */
export async function startTelling(
  targets: readonly string[],
  notice: Omit<OperatorNotice, 'v' | 'id' | 'workflowId'>,
  number: number,
): Promise<void> {
  if (targets.length === 0) return;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const id = `${firstExecutionRunId}:${number}`;
  const order: TellOrder = { targets, notice: { v: 1, id, workflowId, ...notice } };
  await startChild<(order: TellOrder) => Promise<Told>>(tellOperatorsType, {
    workflowId: `${workflowId}/notice/${id}`,
    args: [order],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `${notice.event} of ${notice.run}`,
  }).catch((error: unknown) => {
    // After a reset: it is being told already.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
}

/** Of an attempt's notices, the events that are told outside. */
export function eventOf(kind: string, rules = 1): NoticeEvent | undefined {
  if (kind === 'supervisorLost') return rules >= 5 ? kind : undefined;
  return toldKinds.find((known) => known === kind);
}

const toldKinds: readonly NoticeEvent[] = ['straggler', 'diverged', 'slow', 'lowDisk'];
