/**
 * launchAttempt: the child workflow that mints an epoch in PostgreSQL and launches its trainer on the host that minted it. It is
 * abandoned to itself when its parent ends, and never cancelled: a launch has no half. The epoch is its fence: whatever a
 * parent does (reset, terminated and started again, another id), two launches have two epochs and the lower one gives way.
 */
import { ActivityFailure, ApplicationFailure, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { TrainingActivities } from '../../activities/training/activities.ts';
import {
  gpuActivities,
  hostActivities,
  isScheduleToStart,
  launchActivities,
  messageOf,
  silentAfter,
} from './attempt.ts';
import type { LaunchResult, NoGpus, ResumeChange, TrainingPlan, Unproved } from './contract.ts';

export interface LaunchOrder {
  readonly run: string;
  readonly plan: TrainingPlan;
  /** The operator's choice; the newest verified checkpoint when absent. */
  readonly fromStep?: number;
  /** What this attempt does otherwise than the last one. */
  readonly change?: ResumeChange;
}

export type Launched =
  | LaunchResult
  | Unproved
  | NoGpus
  | { readonly kind: 'failed'; readonly message: string };

export async function launchAttempt(order: LaunchOrder): Promise<Launched> {
  try {
    const minted = await mint(order);
    if (minted.kind !== 'minted') return minted;
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

/** On the host that takes the task first; when that one has no free GPU, on those that have, as far as they answer. */
async function mint({ run, plan }: LaunchOrder): Promise<Minted> {
  const { recipeSha256, launcher } = plan;
  const request = { run, recipeSha256, launcher, waiter: workflowInfo().parent?.workflowId };
  const first = await gpuActivities('mint an epoch').mintAttempt(request);
  if (first.kind !== 'noGpus') return first;
  for (const host of first.elsewhere.slice(0, mostHosts)) {
    try {
      const there = await hostActivities(host, `mint an epoch on ${host}`, answerS).mintAttempt(request);
      if (there.kind !== 'noGpus') return there;
    } catch (thrown) {
      if (!isScheduleToStart(thrown)) throw thrown;
    }
  }
  return first;
}

type Minted = Awaited<ReturnType<TrainingActivities['mintAttempt']>>;

const mostHosts = 8;
const answerS = 10;
