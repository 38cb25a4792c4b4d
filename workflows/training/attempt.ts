/** The activities of an attempt, and how their ends read: watch, stop, save. The watch may end at any time; the trainer goes on. */
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
import type { AttemptOutcome, TrainingPlan } from './contract.ts';

/**
 * | activity | queue | start-to-close | schedule-to-start | heartbeat | attempts | cancellation |
 * |---|---|---|---|---|---|---|
 * | findArtefact, mintAttempt | gpu | 30 min | - | 20 s | unlimited | try |
 * | launchAttempt | host | 30 min (first use installs the trainer) | hostSilentS | 20 s | unlimited | never cancelled |
 * | watchAttempt | host | 2 h | hostSilentS, unbounded once the host was silent | 15 s | unlimited | try |
 * | saveNow | host | 1 min | hostSilentS | - | unlimited | try |
 * | stopAttempt, retireAttempt | host | 2 h | hostSilentS, then unbounded | 15 s | unlimited | try |
 * | finishTraining | host | 30 min | unbounded | 20 s | unlimited | try |
 * | changeRecipe, declareLost, recordOperation | Q | 1 min | - | - | unlimited | try |
 * | deliverNotice | Q | 1 min | - | - | unlimited within a day | try |
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
  | { readonly kind: 'hostSilent' }
  /** The watch itself is at fault, and the trainer may well live. */
  | { readonly kind: 'broken'; readonly message: string };

export function gpuActivities(summary: string): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    taskQueue: queuesOf(workflowInfo().taskQueue).gpu,
    startToCloseTimeout: '30 min',
    heartbeatTimeout: '20 s',
    retry: { maximumInterval: '30 s' },
    summary,
  });
}

/** On the workflows' own queue: the database alone. */
export function storedActivities(summary: string): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    startToCloseTimeout: '1 min',
    retry: { maximumInterval: '10 s' },
    summary,
  });
}

export function launchActivities(host: string, summary: string, silentAfterS: number): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    taskQueue: queuesOf(workflowInfo().taskQueue).gpuHost(host),
    startToCloseTimeout: '30 min',
    scheduleToStartTimeout: `${silentAfterS} s`,
    heartbeatTimeout: '20 s',
    retry: { maximumInterval: '30 s', nonRetryableErrorTypes: ['Training.LaunchFailed'] },
    summary,
  });
}

/** `silentAfterS` null: waits for a worker of that host for weeks, which costs nothing. */
export function hostActivities(
  host: string,
  summary: string,
  silentAfterS: number | null,
): TrainingActivities {
  return proxyActivities<TrainingActivities>({
    taskQueue: queuesOf(workflowInfo().taskQueue).gpuHost(host),
    startToCloseTimeout: '2 h',
    ...(silentAfterS === null ? {} : { scheduleToStartTimeout: `${silentAfterS} s` }),
    heartbeatTimeout: '15 s',
    retry: { initialInterval: '500 ms', maximumInterval: '5 s' },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  });
}

export async function watch(
  { run, plan, epoch, host }: AttemptRef,
  options: { readonly patient: boolean },
): Promise<Watched> {
  try {
    const silentAfterS = options.patient ? null : silentAfter(plan);
    const { watchAttempt } = hostActivities(host, `attempt ${epoch}`, silentAfterS);
    const outcome = await watchAttempt({ run, plan, epoch, sliceS });
    return outcome === null ? { kind: 'slice' } : { kind: 'ended', outcome };
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    if (isScheduleToStart(thrown)) return { kind: 'hostSilent' };
    return { kind: 'broken', message: messageOf(thrown) };
  }
}

/** Seconds that a stopped trainer gets to save. */
const saveLimitS = 30;

/**
 * Saves, stops, and reads what the trainer left: its last checkpoint and its end. Not cancelled with the run, for it alone proves
 * the trainer dead. Undefined when `givenUp` resolves first. `silent` is called when nobody answers on that host.
 */
export async function stop(
  attempt: AttemptRef,
  by: 'operator' | 'cancel',
  hooks: { readonly silent: () => Promise<void>; readonly givenUp: () => Promise<void> },
): Promise<AttemptOutcome | undefined> {
  return CancellationScope.nonCancellable(async () => {
    const stopping = new CancellationScope();
    const work = stopping.run(() => stopToTheEnd(attempt, by, hooks.silent));
    const first = await Promise.race([work, hooks.givenUp().then(() => undefined)]);
    if (first === undefined) {
      stopping.cancel();
      await work.catch(() => {});
    }
    return first;
  });
}

async function stopToTheEnd(
  attempt: AttemptRef,
  by: 'operator' | 'cancel',
  silent: () => Promise<void>,
): Promise<AttemptOutcome> {
  const { run, plan, epoch, host } = attempt;
  const request = { run, epoch, saveS: saveLimitS, by };
  try {
    await hostActivities(host, `stop attempt ${epoch}`, silentAfter(plan)).stopAttempt(request);
  } catch (thrown) {
    if (!isScheduleToStart(thrown)) throw thrown;
    await silent();
    await hostActivities(host, `stop attempt ${epoch}`, null).stopAttempt(request);
  }
  for (;;) {
    const watched = await watch(attempt, { patient: true });
    if (watched.kind === 'ended') return watched.outcome;
    if (watched.kind === 'broken')
      throw ApplicationFailure.create({
        ...{ type: 'Training.Failed', nonRetryable: true },
        message: `attempt ${epoch} was stopped, and its end cannot be read: ${watched.message}`,
      });
  }
}

export function saveNow({ run, plan, epoch, host }: AttemptRef): Promise<void> {
  return hostActivities(host, 'save now', silentAfter(plan)).saveNow({ run, epoch });
}

/** Seconds without a worker of the host after which people are told. */
export function silentAfter({ hostSilentS = 120 }: TrainingPlan): number {
  return hostSilentS;
}

export function isScheduleToStart(thrown: unknown): boolean {
  return (
    thrown instanceof ActivityFailure &&
    thrown.cause instanceof TimeoutFailure &&
    thrown.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

/** "Type: message" of what made an activity or a child fail. */
export function messageOf(thrown: unknown): string {
  let root: unknown = thrown;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (root instanceof ApplicationFailure)
    return `${root.type ?? 'Error'}: ${root.message}`.slice(0, maxMessage);
  return String(root instanceof Error ? root.message : root).slice(0, maxMessage);
}

const maxMessage = 500;
