/**
 * The frame of every run: resolve and claim first, settle last. The recorded result of `resolveInput` alone drives the
 * body, so that a new release with other defaults never breaks an open run.
 */
import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { showEnd } from './progress.ts';
import type { ResolvedRun, RunIdentity, RunKind } from './run-input.ts';
import { noUsage, type Usage } from './usage.ts';

export interface RunSettlement {
  readonly namespace: string;
  readonly run: string;
  readonly workflowId: string;
  readonly firstRunId: string;
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  readonly result: unknown;
  readonly cause: string | null;
  readonly usage: Usage;
  readonly simulated: boolean;
}

/** Activities of activities/storage/runs.ts and of each domain's `resolve<Kind>Input`. */
export interface RunActivities {
  finishRun(settlement: RunSettlement): Promise<void>;
}

type Resolve<T> = (raw: unknown, identity: RunIdentity) => Promise<ResolvedRun<T>>;

export interface RunOutput {
  readonly usage?: Usage;
  readonly simulated?: boolean;
}

const settling = {
  local: proxyLocalActivities<RunActivities>({
    startToCloseTimeout: '30 s',
    retry: { maximumInterval: '10 s' },
    summary: 'settle the run',
  }),
  byRules1: proxyActivities<RunActivities>({
    startToCloseTimeout: '30 s',
    scheduleToCloseTimeout: '7 d',
    summary: 'settle the run',
  }),
};

/** Runs `resolve` as a local activity, then the body; whatever ends the body is written to the row of the run. */
export async function withRun<T, R extends RunOutput>(
  options: {
    readonly kind: RunKind;
    readonly input: unknown;
    /** Name of the local activity: "resolveAnswerInput". */
    readonly resolve: string;
    /** From continue-as-new: the run that was resolved before. */
    readonly resolved?: ResolvedRun<T> | undefined;
    /** Why a result is none: the row then says `failed` with this cause. Null for a result. */
    readonly failed?: (result: R) => { readonly kind: string; readonly message: string } | null;
  },
  body: (run: ResolvedRun<T>) => Promise<R>,
): Promise<R> {
  const run = options.resolved ?? (await resolveRun<T>(options));
  try {
    const result = await body(run);
    const failed = options.failed?.(result) ?? null;
    const end = failed
      ? { state: 'failed' as const, cause: `${failed.kind}: ${failed.message}`.slice(0, maxCause) }
      : { state: 'succeeded' as const, cause: null };
    await settle(run, { ...result, ...end, result });
    return result;
  } catch (thrown) {
    if (thrown instanceof ContinueAsNew) throw thrown;
    const state = isCancellation(thrown) ? 'cancelled' : 'failed';
    const cause = causeOf(thrown);
    showEnd(state, cause);
    await CancellationScope.nonCancellable(() => settle(run, { state, result: null, cause }));
    throw thrown;
  }
}

function resolveRun<T>(options: { kind: RunKind; input: unknown; resolve: string }): Promise<ResolvedRun<T>> {
  const activities = proxyLocalActivities<Record<string, Resolve<T>>>({
    startToCloseTimeout: '30 s',
    retry: { maximumInterval: '10 s' },
  });
  const resolve = activities[options.resolve];
  if (!resolve) throw ApplicationFailure.nonRetryable(`no activity ${options.resolve}`);
  const info = workflowInfo();
  return resolve(options.input ?? {}, {
    namespace: info.namespace,
    kind: options.kind,
    workflowId: info.workflowId,
    runId: info.runId,
    firstRunId: info.firstExecutionRunId,
    above: [info.parent, info.root].flatMap((workflow) => (workflow ? [workflow.workflowId] : [])),
  });
}

function settle<T>(
  run: ResolvedRun<T>,
  end: Pick<RunSettlement, 'state' | 'result' | 'cause'> & RunOutput,
): Promise<void> {
  const info = workflowInfo();
  const { finishRun } = (run.rules ?? 1) >= 2 ? settling.local : settling.byRules1;
  return finishRun({
    namespace: info.namespace,
    run: run.run,
    workflowId: info.workflowId,
    firstRunId: info.firstExecutionRunId,
    state: end.state,
    result: end.result,
    cause: end.cause,
    usage: end.usage ?? noUsage,
    simulated: end.simulated ?? false,
  });
}

const maxCause = 2_000;

function causeOf(thrown: unknown): string {
  let root: unknown = thrown;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (root instanceof ApplicationFailure)
    return `${root.type ?? 'Error'}: ${root.message}`.slice(0, maxCause);
  return String(root instanceof Error ? root.message : root).slice(0, maxCause);
}
