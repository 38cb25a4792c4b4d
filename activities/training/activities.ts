/** The activities of superviseTraining: Temporal's side of launch, watch, stop and finish. */
import { CancelledFailure, Context } from '@temporalio/activity';
import type { ResolvedRun, RunIdentity } from '../../workflows/shared/run-input.ts';
import type { ConfigChange } from '../../workflows/training/config-change.ts';
import {
  type AttemptOutcome,
  type LaunchResult,
  type NoGpus,
  type OperatorNotice,
  supersededByOwnLaunch,
  type TrainingPlan,
  type TrainingResult,
  type Unproved,
} from '../../workflows/training/contract.ts';
import { failure } from '../failure.ts';
import type { Runs } from '../storage/runs.ts';
import { findArtefact, type FinishRequest, finishTraining } from './artefact.ts';
import { type AttemptView, attemptViewSchema, unseenAttempt } from './attempt-view.ts';
import { changeRecipe } from './change-recipe.ts';
import { declareLost, retireAttempt } from './end-attempt.ts';
import type { LaunchRequest } from './launch.ts';
import { type MintRequest, mintAttempt } from './mint-attempt.ts';
import { type Minted, newestMinter } from './mint-epoch.ts';
import { createLeasing } from './gpus/leasing.ts';
import type { DeliverNotice } from './notify.ts';
import { launchObserved, watchObserved } from './observe.ts';
import { type OperationRecord, recordOperation } from './operations.ts';
import { placed, placeOfAttempt, type Places } from './places.ts';
import type { TrainingPorts } from './ports.ts';
import { createResolveTraining } from './resolve.ts';
import { registeredAttributes } from './search-attributes.ts';
import { orderSave, stopAttempt, type StopRequest } from './stop.ts';
import { createTeller } from './tell-workflow.ts';
import { givingUpStuck, tellingUnknown } from './unknown.ts';
import type { WatchRequest } from './watch.ts';

export interface TrainingActivities {
  resolveTrainingInput(raw: unknown, identity: RunIdentity): Promise<ResolvedRun<TrainingPlan>>;
  findArtefact(request: {
    readonly run: string;
    readonly plan: TrainingPlan;
  }): Promise<TrainingResult | null>;
  /** The epoch of the attempt to come: the same one at each retry. */
  mintAttempt(
    request: MintRequest,
  ): Promise<({ readonly kind: 'minted'; readonly mintedBy: string } & Minted) | Unproved | NoGpus>;
  /** On the host that minted the epoch. */
  launchAttempt(request: LaunchRequest & { readonly mintedBy: string }): Promise<LaunchResult>;
  /** Null = the slice is over and the trainer still runs. */
  watchAttempt(request: WatchRequest & { readonly sliceS: number }): Promise<AttemptOutcome | null>;
  saveNow(request: { readonly run: string; readonly epoch: number }): Promise<void>;
  stopAttempt(request: StopRequest): Promise<void>;
  /** On its own host: stops what is left of an older attempt, proves it dead, and writes so. */
  retireAttempt(request: { readonly run: string; readonly epoch: number }): Promise<void>;
  finishTraining(request: FinishRequest): Promise<TrainingResult>;
  /** Throws `Input.Invalid`. */
  changeRecipe(request: {
    readonly plan: TrainingPlan;
    readonly change: ConfigChange;
  }): Promise<TrainingPlan>;
  /** An operator's word that an attempt is dead. */
  declareLost(request: { readonly run: string; readonly epoch: number }): Promise<void>;
  /** Returns the identity of the client that sent the update. */
  recordOperation(record: OperationRecord): Promise<string>;
  deliverNotice(request: { readonly target: string; readonly notice: OperatorNotice }): Promise<void>;
}

export interface TrainingActivityPorts extends TrainingPorts {
  readonly runs: Runs;
  /** Launchers of the config, besides this host's own. */
  readonly places: Places;
  /** Names of the config's targets of notices. */
  readonly targets: readonly string[];
  readonly hostSilentS: number;
  readonly gpuWaitS: number;
  readonly deliver: DeliverNotice;
}

export function createTrainingActivities(ports: TrainingActivityPorts): TrainingActivities {
  const resolve = createResolveTraining(ports);
  const leasing = createLeasing(ports);
  return {
    async resolveTrainingInput(raw, identity) {
      const resolved = await resolve(raw, identity);
      const searchAttributes = await registeredAttributes(Context.current().client, identity.namespace);
      const { targets: notify, hostSilentS, gpuWaitS } = ports;
      const known = { searchAttributes, notify, hostSilentS, gpuWaitS };
      return { ...resolved, input: { ...resolved.input, ...known } };
    },
    findArtefact: ({ run, plan }) => beating(() => findArtefact(ports, run, plan)),
    async mintAttempt(request) {
      const { info } = Context.current();
      const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
      const mintedBy = `${workflowId}:${runId}:${info.activityId}`;
      const minted = await beating(() => mintAttempt(placed(ports, request.launcher), request, mintedBy));
      return minted.kind === 'minted' ? { ...minted, mintedBy } : minted;
    },
    launchAttempt: ({ mintedBy, ...request }) =>
      beating(() =>
        leasing.launching({ run: request.run, mintedBy }, () =>
          givingUpStuck(request.plan.hostSilentS ?? ports.hostSilentS, () =>
            launchObserved(placed(ports, request.plan.launcher), request, mintedBy),
          ),
        ),
      ),
    async watchAttempt(request) {
      const context = Context.current();
      const tell = createTeller(context);
      let seen = viewOf(context.info.heartbeatDetails);
      const watching = (): Promise<AttemptOutcome | null> =>
        watchObserved(placed(ports, request.plan.launcher), request, {
          view: seen,
          report(view, step) {
            seen = view;
            tell(step);
          },
          sleep: (ms) => context.sleep(ms),
          sliceMs: request.sliceS * 1000,
        });
      const outcome = await tellingUnknown(request.epoch, ports.hostSilentS, () =>
        detachable(
          context,
          beating(watching, () => seen),
        ),
      );
      if (outcome) await leasing.ended(request, outcome);
      if (outcome?.class !== 'superseded') return outcome;
      const minter = await newestMinter(ports.database, request.run);
      const launches = `${context.info.workflowExecution?.workflowId ?? ''}/launch/`;
      return minter.startsWith(launches) ? { ...outcome, cause: supersededByOwnLaunch } : outcome;
    },
    saveNow: async (request) => orderSave(await placeOfAttempt(ports, request), request),
    async stopAttempt(request) {
      const context = Context.current();
      const there = await placeOfAttempt(ports, request);
      await tellingUnknown(request.epoch, ports.hostSilentS, () =>
        beating(() => stopAttempt(there, request, (ms) => context.sleep(ms))),
      );
      await leasing.settle(request.run);
    },
    async retireAttempt(request) {
      const there = await placeOfAttempt(ports, request);
      await tellingUnknown(request.epoch, ports.hostSilentS, () =>
        beating(() => retireAttempt(there, request)),
      );
      await leasing.settle(request.run);
    },
    finishTraining: (request) => beating(() => finishTraining(ports, request)),
    changeRecipe: ({ plan, change }) => changeRecipe(ports.blobs, plan, change),
    declareLost: (request) => declareLost(ports.database, request),
    recordOperation: (record) => recordOperation(ports.database, Context.current().client, record),
    deliverNotice: ({ target, notice }) =>
      ports.deliver(target, notice, Context.current().cancellationSignal),
  };
}

/** Heartbeats while the work lasts, also while it hashes gigabytes or waits for a process. */
async function beating<T>(work: () => Promise<T>, details: () => unknown = () => undefined): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details()), 1_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Whatever ends a watch, the trainer goes on: only `stopAttempt` stops one. A detached watch is retried and re-attaches. */
async function detachable<T>(context: Context, watching: Promise<T>): Promise<T> {
  try {
    return await watching;
  } catch (thrown) {
    if (!(thrown instanceof CancelledFailure) || context.cancellationDetails?.cancelRequested) throw thrown;
    throw failure('Training.HostUnknown', 'the watch was detached and will re-attach', { cause: thrown });
  }
}

function viewOf(details: unknown): AttemptView {
  const parsed = attemptViewSchema.safeParse(details);
  return parsed.success ? parsed.data : unseenAttempt;
}
