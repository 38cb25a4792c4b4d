/** How a member of a sliding window reports: by signal to the parent's workflow id, so that a continue-as-new loses nothing. */
import {
  CancellationScope,
  defineSignal,
  getExternalWorkflowHandle,
  workflowInfo,
} from '@temporalio/workflow';

/** A member's place in its window; a report with another key comes from an older start and is not counted. */
export interface Seat {
  readonly label: string;
  readonly member: number;
  readonly key: string;
}

export type Report<R> =
  | { readonly status: 'done'; readonly result: R }
  | { readonly status: 'failed'; readonly type: string; readonly message: string }
  | { readonly status: 'cancelled' };

export const reportSignal = defineSignal<[Seat, Report<unknown>]>('memberReport');

/** A parent that is gone does not fail the member: its work is stored. */
export async function reportToParent<R>(seat: Seat, report: Report<R>): Promise<void> {
  const parent = workflowInfo().parent;
  if (!parent) return;
  await CancellationScope.nonCancellable(async () => {
    try {
      await getExternalWorkflowHandle(parent.workflowId).signal(reportSignal, seat, report);
    } catch {
      // The parent's next start, or its reconciliation, reads the database.
    }
  });
}
