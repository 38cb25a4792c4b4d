/** One attempt after the other, from launch to the class of its end. A new one starts only when the old one is proved dead. */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResolvedRun } from '../shared/run-input.ts';
import { type AttemptRef, messageOf, saveNow, stop, watch } from './attempt.ts';
import type { AttemptOutcome, ResumeChange, TrainingPlan, TrainingStep, Unproved } from './contract.ts';
import { type HostUnknown, hostUnknownSignal, type LaunchResult, trainingStepSignal } from './contract.ts';
import { declaredLost, heldBack, launchFailed, noCheckpoint, noSuchGpus, unwatched } from './ends.ts';
import { createGpuWait } from './gpu-wait.ts';
import { launchOnce, proveDead } from './launching.ts';
import { eventOf } from './notices.ts';
import type { Operator } from './operator.ts';
import type { Park } from './parking.ts';
import type { Carried, RunState, Tell } from './run-state.ts';
import type { RunView } from './run-view.ts';
import type { superviseTraining } from './supervise-training.ts';

export interface EndedAttempt {
  readonly outcome: AttemptOutcome;
  /** Absent when no attempt came about. */
  readonly attempt?: AttemptRef;
}

export interface NextAttempt {
  readonly fromStep?: number;
  readonly change?: ResumeChange;
}

export interface Attempts {
  /** Launches one unless one runs, and waits for its end. */
  one(next: NextAttempt): Promise<EndedAttempt>;
  saveNow(): Promise<void>;
}

export function createAttempts(parts: {
  readonly input: unknown;
  readonly resolved: ResolvedRun<TrainingPlan>;
  readonly state: RunState;
  readonly view: RunView;
  readonly operator: Operator;
  readonly park: Park;
  readonly tell: Tell;
}): Attempts {
  const { resolved, state, view, operator, tell } = parts;
  const { run } = resolved;
  const gpuWait = createGpuWait({ run, plan: () => state.plan, view, operator, tell });
  /** Launches in a row that came back without an attempt. */
  let stuck = 0;
  /** The older attempt that is being proved dead. */
  let proving: Unproved | undefined;
  /** Why the watch was called off by the workflow itself. */
  let calledOff: 'rewatch' | 'handOver' | undefined;

  setHandler(defineSignal<[TrainingStep]>(trainingStepSignal), async (told) => {
    const { attempt } = state;
    if (told.epoch !== attempt?.epoch) return;
    if (state.silent) {
      state.silent = undefined;
      if (view.state() === 'running') enterRunning(attempt);
      callOff('rewatch');
    }
    const fresh = view.stepped(told);
    if (workflowInfo().continueAsNewSuggested) callOff('handOver');
    for (const { kind, step, text } of fresh) {
      const event = eventOf(kind, resolved.rules);
      if (event) await tell(event, `${run} at step ${step}: ${text}`, kind);
    }
  });

  setHandler(defineSignal<[HostUnknown]>(hostUnknownSignal), async ({ epoch, why }) => {
    const about = [state.attempt, proving].find((known) => known?.epoch === epoch);
    if (about && !state.silent)
      await becomeSilent(about, `it is unknown whether attempt ${epoch} lives: ${why}`);
  });

  return {
    async one(next) {
      if (!state.attempt) {
        const unlaunched = await launch(next);
        if (unlaunched) return { outcome: unlaunched };
      }
      const attempt = state.attempt as unknown as AttemptRef;
      enterRunning(attempt);
      const outcome = await watchToTheEnd(attempt);
      state.attempt = undefined;
      return { outcome, attempt };
    },
    saveNow: () => (state.attempt ? saveNow(state.attempt) : Promise.resolve()),
  };

  /** Sets the attempt; else returns why there is none. */
  async function launch(next: NextAttempt): Promise<AttemptOutcome | undefined> {
    for (;;) {
      view.enter('launching', 'launching');
      const { launched, last } = await launchOnce({ run, plan: state.plan, ...next }, state.launches + 1);
      state.launches = last;
      switch (launched.kind) {
        case 'failed':
          return launchFailed(launched.message, view.checkpoints());
        case 'noCheckpoint':
          return noCheckpoint(launched.quarantined);
        case 'unproved': {
          const held = await untilProvedDead(launched);
          if (held) return held;
          break;
        }
        case 'stuck': {
          await untilItMayGo(launched);
          if (operator.interruption()) return heldBack(view.checkpoints());
          break;
        }
        case 'noGpus': {
          if (!launched.ever) return noSuchGpus(launched.reason, view.checkpoints());
          await gpuWait.untilFreed(launched.reason);
          if (operator.interruption()) return heldBack(view.checkpoints());
          break;
        }
        case 'launched': {
          const { epoch, host, resumeStep, checkpoints } = launched;
          state.attempt = { run, plan: state.plan, epoch, host };
          state.attempts += 1;
          gpuWait.over();
          stuck = 0;
          view.began(state.attempt, resumeStep ?? 0, checkpoints, launched.scope);
          return undefined;
        }
      }
    }
  }

  /** Until it is worth another try, the older attempt was declared lost, or somebody asked for a pause or an abort. */
  async function untilItMayGo({ reason, of }: Extract<LaunchResult, { kind: 'stuck' }>): Promise<void> {
    const isDecided = (): boolean =>
      operator.interruption() !== undefined || (of !== null && operator.lost(of.epoch) !== undefined);
    state.silent = of ?? undefined;
    const choice = of === null ? '' : `; see to host ${of.host}, or declare attempt ${of.epoch} lost`;
    const cause = `no attempt can start: ${reason}${choice}`;
    view.enter('launching', 'waits', { key: 'launchStuck', cause });
    stuck += 1;
    if (stuck === 1) await tell('launchStuck', `${run}: ${cause}`, 'launchStuck');
    await condition(isDecided, Math.min(mostStuckMs, firstStuckMs * 2 ** Math.min(stuck - 1, 10)));
    state.silent = undefined;
  }

  /** Undefined once the older attempt is dead, or declared lost. */
  async function untilProvedDead(unproved: Unproved): Promise<AttemptOutcome | undefined> {
    const { epoch } = unproved;
    proving = unproved;
    state.watching = new CancellationScope();
    try {
      if (operator.interruption()) state.watching.cancel();
      await state.watching.run(() =>
        proveDead({ run, plan: state.plan }, unproved, () => becomeSilent(unproved)),
      );
      return undefined;
    } catch (thrown) {
      if (!isCancellation(thrown)) return launchFailed(messageOf(thrown), view.checkpoints());
      if (operator.lost(epoch) !== undefined) return undefined;
      if (operator.interruption()) return heldBack(view.checkpoints());
      throw thrown;
    } finally {
      proving = undefined;
      state.silent = undefined;
    }
  }

  async function watchToTheEnd(attempt: AttemptRef): Promise<AttemptOutcome> {
    for (;;) {
      state.watching = new CancellationScope();
      try {
        if (operator.interruption()) state.watching.cancel();
        const watched = await state.watching.run(() =>
          watch(attempt, { patient: state.silent !== undefined }),
        );
        switch (watched.kind) {
          case 'ended':
            return watched.outcome;
          case 'hostSilent':
            await becomeSilent(attempt);
            break;
          case 'broken':
            await askAbout(attempt, watched.message);
            break;
          case 'slice':
            if (workflowInfo().continueAsNewSuggested) await goOnAsNew(attempt);
            break;
        }
      } catch (thrown) {
        if (!isCancellation(thrown)) throw thrown;
        const lost = operator.lost(attempt.epoch);
        if (lost !== undefined) return writtenOff(attempt, lost);
        const mayGoOn =
          operator.interruption() === undefined && !CancellationScope.current().consideredCancelled;
        if (mayGoOn && calledOff) {
          const reason = calledOff;
          calledOff = undefined;
          if (reason === 'handOver') await goOnAsNew(attempt);
          continue;
        }
        const outcome = await stopIt(attempt);
        // A cancel request of the run itself, not an operator's interruption of the watch.
        if (operator.interruption() !== undefined) return outcome;
        view.ended(attempt.epoch, outcome);
        throw thrown;
      }
    }
  }

  async function stopIt(attempt: AttemptRef): Promise<AttemptOutcome> {
    view.enter('pausing', 'the trainer saves and stops');
    const by = operator.interruption() === 'pause' ? 'operator' : 'cancel';
    const outcome = await stop(attempt, by, {
      silent: () => becomeSilent(attempt),
      givenUp: () => condition(() => operator.lost(attempt.epoch) !== undefined),
    });
    state.silent = undefined;
    return outcome ?? writtenOff(attempt, operator.lost(attempt.epoch) ?? '');
  }

  function writtenOff({ host }: AttemptRef, reason: string): AttemptOutcome {
    state.silent = undefined;
    return declaredLost(reason, host, at());
  }

  /** The trainer may live: a person says whether it is watched again, or stopped. */
  async function askAbout(attempt: AttemptRef, message: string): Promise<void> {
    state.refused = ['retryFromCheckpoint', 'changeConfig'];
    await parts.park(unwatched(message, at()), 'the trainer may still run; resume watches it again');
    state.refused = [];
    enterRunning(attempt);
  }

  async function becomeSilent(
    { epoch, host }: { readonly epoch: number; readonly host: string },
    why?: string,
  ): Promise<void> {
    state.silent = { epoch, host };
    const cause = why
      ? `${why}; see to host ${host}, or declare attempt ${epoch} lost`
      : `no worker answers on host ${host}: start one there, or declare attempt ${epoch} lost`;
    view.enter(view.state(), `attempt ${epoch}`, { key: 'hostSilent', cause });
    await tell('hostSilent', `${run}: ${cause}`, 'hostSilent');
  }

  function enterRunning({ epoch }: AttemptRef): void {
    view.enter('running', `attempt ${epoch}`);
  }

  function at() {
    return { step: view.step(), resumeStep: null, checkpoints: view.checkpoints() };
  }

  function callOff(reason: 'rewatch' | 'handOver'): void {
    if (view.state() !== 'running') return;
    calledOff = reason;
    state.watching.cancel();
  }

  async function goOnAsNew(attempt: AttemptRef): Promise<void> {
    await condition(allHandlersFinished);
    if (operator.interruption()) return;
    const { plan, attempts, launches, told, failures } = state;
    const carried: Carried = {
      ...{ v: 1, resolved, plan, attempt, attempts, launches, told, failures },
      view: view.carried(),
    };
    await continueAsNew<typeof superviseTraining>(parts.input, carried);
  }
}

/** Between two launches that cannot be made. */
const firstStuckMs = 60_000;
const mostStuckMs = 600_000;
