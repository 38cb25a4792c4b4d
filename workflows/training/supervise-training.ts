/**
 * superviseTraining: attempt -> class of its end -> reaction, until the model is there, an operator ends it, or the run is
 * cancelled. It resumes by itself from verified checkpoints, and waits for a person exactly when going on alone is wrong.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  ContinueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResolvedRun } from '../shared/run-input.ts';
import { type RunOutput, withRun } from '../shared/with-run.ts';
import { gpuActivities, hostActivities, messageOf, storedActivities } from './attempt.ts';
import { createAttempts, type EndedAttempt, type NextAttempt } from './attempts.ts';
import type { AttemptOutcome, ResumeChange, TrainingPlan, TrainingResult } from './contract.ts';
import { endedByOperator, superseded } from './ends.ts';
import { startTelling } from './notices.ts';
import { acceptedUpdates, createOperator, type OperatorPorts } from './operator.ts';
import { createParking } from './parking.ts';
import { react, recordFailure } from './reaction.ts';
import type { Carried, RunState, Tell } from './run-state.ts';
import { createRunView } from './run-view.ts';

export function superviseTraining(input?: unknown, carried?: Carried): Promise<TrainingResult> {
  return withRun<TrainingPlan, TrainingResult & RunOutput>(
    { kind: 'training', input, resolve: 'resolveTrainingInput', resolved: carried?.resolved },
    (resolved) => supervise(input, resolved, carried),
  );
}

async function supervise(
  input: unknown,
  resolved: ResolvedRun<TrainingPlan>,
  carried: Carried | undefined,
): Promise<TrainingResult> {
  const { run, name } = resolved;
  const state: RunState = {
    ...{
      plan: carried?.plan ?? resolved.input,
      attempt: carried?.attempt,
      failures: carried?.failures ?? [],
    },
    ...{ launches: carried?.launches ?? 0, attempts: carried?.attempts ?? 0, told: carried?.told ?? 0 },
    ...{ silent: undefined, refused: [], watching: new CancellationScope() },
  };
  const ports = operatorPorts();
  const view = createRunView(resolved, carried?.view, () => acceptedUpdates(ports));
  const tell: Tell = (event, text, cause = '') => {
    state.told += 1;
    const about = { run, state: view.state(), cause, step: view.step(), maxSteps: state.plan.maxSteps };
    return startTelling(state.plan.notify ?? [], { event, ...about, text }, state.told);
  };
  const operator = createOperator(ports);
  const park = createParking({ run, name, state, view, operator, tell });
  const attempts = createAttempts({ input, resolved, state, view, operator, park, tell });

  try {
    const known = state.attempt ? null : await findModel();
    if (known) return known;
    const result = await untilTheModelIsThere();
    await condition(allHandlersFinished);
    view.enter('succeeded', 'done');
    await tell('succeeded', `${run}: ${result.steps} steps in ${result.attempts} attempts`);
    return result;
  } catch (thrown) {
    if (thrown instanceof ContinueAsNew) throw thrown;
    await CancellationScope.nonCancellable(() => endBadly(thrown));
    throw thrown;
  }

  /** Of an earlier start with the same recipe and data. */
  async function findModel(): Promise<TrainingResult | null> {
    const { findArtefact } = gpuActivities('look for the finished model');
    const known = await findArtefact({ run, plan: state.plan });
    if (!known) return null;
    await condition(allHandlersFinished);
    view.found(known.steps);
    return known;
  }

  async function untilTheModelIsThere(): Promise<TrainingResult> {
    let next: NextAttempt = {};
    for (;;) {
      const ended = await attempts.one(next);
      const { outcome, attempt } = ended;
      view.ended(attempt?.epoch, outcome);
      const reason = operator.abortReason();
      if (reason !== undefined) throw endedByOperator(reason, outcome);
      state.failures = recordFailure(state.failures, outcome);
      const reaction = react(outcome, state.failures);
      next = {};
      switch (reaction.do) {
        case 'succeed':
          return finish(ended);
        case 'giveWay':
          throw superseded(run);
        case 'park':
          next = await ask(outcome, reaction.why);
          break;
        case 'notify':
          break;
        case 'resume':
          next = await recover(outcome, reaction.afterMs);
          break;
        case 'resumeWith':
          next = await recover(outcome, reaction.afterMs, reaction.change);
          break;
      }
    }
  }

  async function recover(
    outcome: AttemptOutcome,
    afterMs: number,
    change?: ResumeChange,
  ): Promise<NextAttempt> {
    const { cause, evidence } = outcome;
    view.enter('recovering', `after ${outcome.class}`, { key: cause, cause: `${cause}: ${evidence}` });
    const refused = change?.kind === 'smallerBatch' ? await makeSmaller(change) : undefined;
    if (refused !== undefined) return ask(outcome, refused);
    const interrupted = await condition(() => operator.interruption() !== undefined, afterMs);
    if (interrupted) return ask(outcome, 'stopped');
    return change && change.kind !== 'smallerBatch' ? { change } : {};
  }

  /** Why it cannot be, if so. */
  async function makeSmaller(batch: { batchSize: number; gradientAccumulation: number }) {
    const { batchSize, gradientAccumulation } = batch;
    try {
      await ports.change({ batchSize, gradientAccumulation });
      return undefined;
    } catch (thrown) {
      if (isCancellation(thrown)) throw thrown;
      return `the batch cannot be made smaller: ${messageOf(thrown)}`;
    }
  }

  async function ask(outcome: AttemptOutcome, why: string): Promise<NextAttempt> {
    const decision = await park(outcome, why);
    if (decision.do === 'abort') throw endedByOperator(decision.reason, outcome);
    // A person has looked: the budgets begin anew.
    state.failures = [];
    return decision.fromStep === undefined ? {} : { fromStep: decision.fromStep };
  }

  function finish({ outcome, attempt }: EndedAttempt): Promise<TrainingResult> {
    const { step: steps, loss: finalLoss } = outcome;
    const { epoch, host } = attempt ?? { epoch: 0, host: '' };
    const request = { run, plan: state.plan, epoch, attempts: state.attempts, steps, finalLoss };
    return hostActivities(host, 'register the model', null).finishTraining(request);
  }

  async function endBadly(thrown: unknown): Promise<void> {
    await condition(allHandlersFinished);
    if (isCancellation(thrown))
      return view.enter('cancelled', 'ended', { key: 'cancelled', cause: 'cancelled' });
    const cause = messageOf(thrown);
    view.enter('failed', 'ended', { key: 'failed', cause });
    await tell('failed', `${run} failed: ${cause}`, cause);
  }

  function operatorPorts(): OperatorPorts {
    const { workflowId, runId: workflowRunId } = workflowInfo();
    return {
      state: () => view.state(),
      checkpoints: () => view.checkpoints(),
      maxSteps: () => state.plan.maxSteps,
      silent: () => state.silent,
      refused: () => state.refused,
      interrupt: () => state.watching.cancel(),
      saveNow: () => attempts.saveNow(),
      async change(change) {
        const { changeRecipe } = storedActivities('change the recipe');
        state.plan = await changeRecipe({ plan: state.plan, change }).catch((thrown: unknown) => {
          // What the update's caller is told.
          throw thrown instanceof ActivityFailure && thrown.cause instanceof ApplicationFailure
            ? thrown.cause
            : thrown;
        });
        view.planned(state.plan.maxSteps);
      },
      declareLost: (epoch) => storedActivities(`write off attempt ${epoch}`).declareLost({ run, epoch }),
      async record(operation, updateId) {
        const { recordOperation } = storedActivities(`${operation.update} by an operator`);
        const identity = await recordOperation({ run, workflowId, workflowRunId, updateId, ...operation });
        return operation.by === '' ? { ...operation, by: identity } : operation;
      },
      recorded: (operation) => view.operated(operation),
    };
  }
}
