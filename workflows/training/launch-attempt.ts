/**
 * launchAttempt: the child workflow that mints an epoch in PostgreSQL and launches its trainer on the host that minted it. It is
 * abandoned to itself when its parent ends, and never cancelled: a launch has no half. The epoch is its fence: whatever a
 * parent does (reset, terminated and started again, another id), two launches have two epochs and the lower one gives way.
 */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { gpuActivities, isScheduleToStart, launchActivities, messageOf, silentAfter } from './attempt.ts';
import type { LaunchResult, ResumeChange, TrainingPlan, Unproved } from './contract.ts';

export interface LaunchOrder {
  readonly run: string;
  readonly plan: TrainingPlan;
  /** The operator's choice; the newest verified checkpoint when absent. */
  readonly fromStep?: number;
  /** What this attempt does otherwise than the last one. */
  readonly change?: ResumeChange;
}

export type Launched = LaunchResult | Unproved | { readonly kind: 'failed'; readonly message: string };

export async function launchAttempt(order: LaunchOrder): Promise<Launched> {
  try {
    const minted = await gpuActivities('mint an epoch').mintAttempt({ run: order.run });
    if (minted.kind === 'unproved') return minted;
    const { epoch, host, mintedBy } = minted;
    try {
      const { launchAttempt: launch } = launchActivities(
        host,
        `launch attempt ${epoch}`,
        silentAfter(order.plan),
      );
      return await launch({ ...order, mintedBy });
    } catch (thrown) {
      if (isScheduleToStart(thrown)) return { kind: 'unproved', epoch, host };
      throw thrown;
    }
  } catch (thrown) {
    if (isCancellation(thrown) || !(thrown instanceof ActivityFailure)) throw thrown;
    const { cause } = thrown;
    const isOwn = cause instanceof ApplicationFailure && cause.type === 'Training.LaunchFailed';
    return { kind: 'failed', message: isOwn ? cause.message : messageOf(thrown) };
  }
}
