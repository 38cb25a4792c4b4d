/** The parent's side of a launch: one child workflow after the other, and proof that older attempts are dead. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { hostActivities, isScheduleToStart, messageOf, silentAfter } from './attempt.ts';
import { launchAttemptType, type TrainingPlan, type Unproved } from './contract.ts';
import type { Launched, LaunchOrder } from './launch-attempt.ts';

/** `number`: of the launch, rising within the run; `last` is the one that was used. */
export async function launchOnce(
  order: LaunchOrder,
  number: number,
): Promise<{ readonly launched: Launched; readonly last: number }> {
  for (let tried = number; ; tried += 1) {
    try {
      const launched = await CancellationScope.nonCancellable(() =>
        executeChild<(order: LaunchOrder) => Promise<Launched>>(launchAttemptType, {
          workflowId: `${workflowInfo().workflowId}/launch/${tried}`,
          args: [order],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: `launch ${tried} of ${order.run}`,
        }),
      );
      return { launched, last: tried };
    } catch (thrown) {
      // A launch of a terminated or reset predecessor is still under way; the epoch of ours is the higher one.
      if (thrown instanceof WorkflowExecutionAlreadyStartedError) continue;
      if (!(thrown instanceof ChildWorkflowFailure)) throw thrown;
      return { launched: { kind: 'failed', message: messageOf(thrown) }, last: tried };
    }
  }
}

/** Resolves when the host's own worker has stopped the attempt and proved it dead. `silent` is called when none answers. */
export async function proveDead(
  { run, plan }: { readonly run: string; readonly plan: TrainingPlan },
  { epoch, host }: Unproved,
  silent: () => Promise<void>,
): Promise<void> {
  const summary = `end attempt ${epoch}`;
  try {
    await hostActivities(host, summary, silentAfter(plan)).retireAttempt({ run, epoch });
  } catch (thrown) {
    if (!isScheduleToStart(thrown)) throw thrown;
    await silent();
    await hostActivities(host, summary, null).retireAttempt({ run, epoch });
  }
}
