/**
 * superviseTraining: attempt -> class of its end -> reaction, until the model is there, an operator ends it, or the run is
 * cancelled. It resumes by itself from verified checkpoints, and waits for a person exactly when going on alone is wrong.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { createProgress } from '../shared/progress.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { type RunOutput, withRun } from '../shared/with-run.ts';
import { type AttemptRef, gpuActivities, launch, saveNow, stop, watch } from './attempt.ts';
import type {
  AttemptOutcome,
  TrainingPlan,
  TrainingResult,
  TrainingState,
  TrainingStep,
} from './contract.ts';
import { trainingStepSignal } from './contract.ts';
import { createOperator, parkedDetails } from './operator.ts';
import { causeOfLaunchFailure, type FailureRecord, react, recordFailure } from './reaction.ts';

/** Seconds that a stopped trainer gets to save. */
const saveLimitS = 30;

/** State across continue-as-new. */
interface Carried {
  readonly v: 1;
  readonly resolved: ResolvedRun<TrainingPlan>;
  readonly attempt: AttemptRef;
  readonly attempts: number;
  readonly failures: readonly FailureRecord[];
  readonly checkpoints: readonly number[];
}

export function superviseTraining(input?: unknown, carried?: Carried): Promise<TrainingResult> {
  return withRun<TrainingPlan, TrainingResult & RunOutput>(
    { kind: 'training', input, resolve: 'resolveTrainingInput', resolved: carried?.resolved },
    (run) => supervise(input, run, carried),
  );
}

async function supervise(
  input: unknown,
  resolved: ResolvedRun<TrainingPlan>,
  carried: Carried | undefined,
): Promise<TrainingResult> {
  const { run, input: plan } = resolved;
  const publish = createProgress({
    state: 'pending',
    stage: 'starting',
    done: 0,
    failed: 0,
    total: plan.maxSteps,
  });
  let state: TrainingState = 'pending';
  let attempt = carried?.attempt;
  let failures = carried?.failures ?? [];
  let checkpoints = carried?.checkpoints ?? [];
  let attempts = carried?.attempts ?? 0;
  let epoch = attempt?.epoch ?? 0;
  let watching = new CancellationScope();
  const enter = (next: TrainingState, stage: string, cause = '', details = ''): void => {
    state = next;
    publish({ state, stage, cause, details, failed: failures.length });
  };
  const operator = createOperator({
    state: () => state,
    checkpoints: () => checkpoints,
    interrupt: () => watching.cancel(),
    saveNow: () => (attempt ? saveNow(attempt) : Promise.resolve()),
  });
  setHandler(defineSignal<[TrainingStep]>(trainingStepSignal), (step) => {
    if (step.epoch !== attempt?.epoch) return;
    ({ checkpoints } = step);
    publish({ done: step.step, stage: step.phase, details: lossLine(step) });
  });

  if (!attempt) {
    const known = await gpuActivities('look for the finished model').findArtefact({ run, plan });
    if (known) return known;
  }

  let fromStep: number | undefined;
  for (;;) {
    const outcome = await oneAttempt();
    ({ checkpoints } = outcome);
    failures = recordFailure(failures, outcome);
    const reaction = react(outcome, failures);
    if (reaction.do === 'succeed') return finish(outcome);
    if (reaction.do === 'giveWay')
      throw ended('Fence.Stale', 'another run of this name has taken over the training');
    if (reaction.do === 'resume' || reaction.do === 'resumeWith') {
      enter('recovering', `after ${outcome.class}`, `${outcome.class}: ${outcome.evidence}`);
      if (!(await condition(() => operator.abortReason() !== undefined, reaction.afterMs))) continue;
    }
    await park(outcome, reaction.do === 'park' ? reaction.why : 'abort');
  }

  async function oneAttempt(): Promise<AttemptOutcome> {
    if (!attempt) {
      enter('launching', 'launching');
      const launched = await launch({ run, plan, ...(fromStep === undefined ? {} : { fromStep }) });
      fromStep = undefined;
      if (launched.kind === 'failed') return unlaunched('launchFailed', launched.message);
      if (launched.kind === 'noCheckpoint') {
        const lost = launched.quarantined.map(({ step, reason }) => `step ${step}: ${reason}`);
        return unlaunched('checkpointCorrupt', `no whole checkpoint is left (${lost.join('; ')})`);
      }
      attempt = { run, plan, epoch: launched.epoch, host: launched.host };
      ({ epoch } = launched);
      ({ checkpoints } = launched);
      attempts += 1;
    }
    const current = attempt;
    enter('running', `attempt ${current.epoch}`);
    const outcome = await watchToTheEnd(current);
    attempt = undefined;
    return outcome;
  }

  async function watchToTheEnd(current: AttemptRef): Promise<AttemptOutcome> {
    for (;;) {
      watching = new CancellationScope();
      try {
        if (operator.interruption()) watching.cancel();
        const watched = await watching.run(() => watch(current));
        if (watched.kind === 'ended') return watched.outcome;
        if (watched.kind === 'hostSilent') {
          enter(
            'running',
            `attempt ${current.epoch}`,
            `no worker answers on host ${current.host}: start one there`,
          );
        }
        if (watched.kind === 'slice' && workflowInfo().continueAsNewSuggested) await goOnAsNew(current);
      } catch (thrown) {
        if (!isCancellation(thrown)) throw thrown;
        enter('pausing', 'stopping the trainer');
        const outcome = await stop(current, operator.interruption() === 'abort' ? 0 : saveLimitS);
        // A cancel request of the run itself, not an operator's interruption of the watch.
        if (operator.interruption() === undefined) throw thrown;
        return outcome;
      }
    }
  }

  async function goOnAsNew(current: AttemptRef): Promise<void> {
    await condition(allHandlersFinished);
    if (operator.interruption()) return;
    await continueAsNew<typeof superviseTraining>(input, {
      v: 1,
      resolved,
      attempt: current,
      attempts,
      failures,
      checkpoints,
    });
  }

  async function park(outcome: AttemptOutcome, why: string): Promise<void> {
    if (operator.abortReason() === undefined) {
      const paused = operator.interruption() === 'pause';
      const cause = paused ? 'paused by the operator' : `${outcome.class}: ${why}`;
      const { workflowId } = workflowInfo();
      enter(
        paused ? 'paused' : 'needsOperator',
        paused ? 'paused' : 'waits for a decision',
        cause,
        parkedDetails({ workflowId, evidence: outcome.evidence, checkpoints }),
      );
    }
    const decision = await operator.decide();
    operator.clearPause();
    if (decision.do === 'abort') {
      throw ended(
        'Training.Failed',
        `aborted by the operator: ${decision.reason} (last end: ${outcome.class}, ${outcome.evidence})`,
      );
    }
    failures = [];
    fromStep = decision.fromStep;
  }

  function finish({ step: steps, loss: finalLoss }: AttemptOutcome): Promise<TrainingResult> {
    return gpuActivities('register the model').finishTraining({
      run,
      plan,
      epoch,
      attempts,
      steps,
      finalLoss,
    });
  }
}

function unlaunched(kind: 'launchFailed' | 'checkpointCorrupt', evidence: string): AttemptOutcome {
  const cause = kind === 'launchFailed' ? causeOfLaunchFailure(evidence) : 'checkpointCorrupt/none';
  const nothing = { step: 0, resumeStep: null, rank: null, checkpoints: [], loss: null };
  return { class: kind, cause, beforeFirstStep: true, evidence, ...nothing };
}

function ended(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

function lossLine(step: TrainingStep): string {
  const loss = step.loss === null ? '-' : step.loss.toPrecision(4);
  return `| attempt | loss | verified checkpoints |\n|---|---|---|\n| ${step.epoch} | ${loss} | ${step.checkpoints.join(', ') || '-'} |`;
}
