/** One attempt, from launch to the class of its end. The launch is never abandoned half-way; the watch may end at any time. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { TrainingActivities } from '../../activities/training/activities.ts';
import { queuesOf } from '../shared/queues.ts';
import type { AttemptOutcome, LaunchResult, TrainingPlan } from './contract.ts';

/**
 * | activity | start-to-close | schedule-to-start | heartbeat | attempts | cancellation |
 * |---|---|---|---|---|---|
 * | findArtefact, finishTraining | 10 min | - | - | unlimited | wait |
 * | launchAttempt | 30 min (first use installs the trainer) | - | 60 s | unlimited | never cancelled |
 * | watchAttempt | 2 h | 2 min | 15 s | unlimited | try |
 * | saveNow | 1 min | 2 min | - | 5 | wait |
 * | stopAttempt | 10 min | 2 min | 15 s | unlimited | never cancelled |
 */
const sliceS = 3_600;

export interface AttemptRef {
  readonly run: string;
  readonly plan: TrainingPlan;
  readonly epoch: number;
  readonly host: string;
}

export type Watched =
  | { readonly kind: 'ended'; readonly outcome: AttemptOutcome }
  | { readonly kind: 'slice' }
  /** No worker answers on the attempt's host: unknown is not dead. */
  | { readonly kind: 'hostSilent' };

export function gpuActivities(summary: string): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    taskQueue: queuesOf(workflowInfo().taskQueue).gpu,
    startToCloseTimeout: '30 min',
    heartbeatTimeout: '60 s',
    retry: { maximumInterval: '30 s', nonRetryableErrorTypes: ['Training.LaunchFailed'] },
    summary,
  });
}

function hostActivities(host: string, summary: string): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    taskQueue: queuesOf(workflowInfo().taskQueue).gpuHost(host),
    startToCloseTimeout: '2 h',
    scheduleToStartTimeout: '2 min',
    heartbeatTimeout: '15 s',
    retry: { initialInterval: '500 ms', maximumInterval: '5 s' },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  });
}

/** Undefined when the trainer could not be started. */
export async function launch(request: {
  readonly run: string;
  readonly plan: TrainingPlan;
  readonly fromStep?: number;
}): Promise<LaunchResult | { readonly kind: 'failed'; readonly message: string }> {
  try {
    return await CancellationScope.nonCancellable(() =>
      gpuActivities('launch the trainer').launchAttempt(request),
    );
  } catch (thrown) {
    const cause = thrown instanceof ActivityFailure ? thrown.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === 'Training.LaunchFailed') {
      return { kind: 'failed', message: cause.message };
    }
    throw thrown;
  }
}

export async function watch({ run, plan, epoch, host }: AttemptRef): Promise<Watched> {
  try {
    const outcome = await hostActivities(host, `attempt ${epoch}`).watchAttempt({ run, plan, epoch, sliceS });
    return outcome === null ? { kind: 'slice' } : { kind: 'ended', outcome };
  } catch (thrown) {
    if (!isCancellation(thrown) && isScheduleToStart(thrown)) return { kind: 'hostSilent' };
    throw thrown;
  }
}

/** Saves, stops, and reads what the trainer left: its last checkpoint and its end. */
export function stop(attempt: AttemptRef, saveS: number): Promise<AttemptOutcome> {
  return CancellationScope.nonCancellable(async () => {
    const { run, epoch, host } = attempt;
    for (;;) {
      try {
        await hostActivities(host, `stop attempt ${epoch}`).stopAttempt({ run, epoch, saveS });
        break;
      } catch (thrown) {
        // Nobody on that host: wait for it, for it alone can prove the trainer dead.
        if (!isScheduleToStart(thrown)) throw thrown;
      }
    }
    for (;;) {
      const watched = await watch(attempt);
      if (watched.kind === 'ended') return watched.outcome;
    }
  });
}

export function saveNow({ run, epoch, host }: AttemptRef): Promise<void> {
  return hostActivities(host, 'save now').saveNow({ run, epoch });
}

function isScheduleToStart(thrown: unknown): boolean {
  return (
    thrown instanceof ActivityFailure &&
    thrown.cause instanceof TimeoutFailure &&
    thrown.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}
