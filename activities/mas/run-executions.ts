/**
 * The bulk activity: executes those cells of a batch that are not stored yet, many at once. A failed program is counted;
 * an outage of model, sandbox or store fails the attempt, and Temporal tries again; a spent budget ends the batch.
 */
import { Context } from '@temporalio/activity';
import type { BatchInput, BatchResult, MatrixActivities } from '../../workflows/matrix/contract.ts';
import { isFailure } from '../failure.ts';
import { heartbeating } from '../heartbeating.ts';
import type { CallService } from '../llm/chat.ts';
import type { Database } from '../storage/tables.ts';
import { createAloneGate } from './alone-gate.ts';
import { createBatchTally, spentSince } from './batch-tally.ts';
import { type CellOutcome, createCellOutcomes } from './cell-outcomes.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import type { PlanReader } from './plan-reader.ts';
import { type CellParts, createCellRunner } from './run-cell.ts';
import { runStartedAt } from './run-started-at.ts';
import { watchSteering } from './steering.ts';

export interface RunExecutionsParts extends CellParts {
  readonly database: Database;
  readonly plans: PlanReader;
  readonly calls: Pick<CallService, 'identity'>;
  /** Executions at once in a batch: they mostly wait for the model. */
  readonly executionsAtOnce: number;
}

/** Attempts lost with their worker after which an execution runs alone, and after which it is given up. */
const lossesUntilAlone = 2;
const lossesUntilGivenUp = 5;

export function createRunExecutions(parts: RunExecutionsParts): MatrixActivities['runExecutions'] {
  const outcomes = createCellOutcomes(parts);
  const cellRunner = createCellRunner(parts);
  const gate = createAloneGate();

  return async (batch) => {
    const context = Context.current();
    const tally = createBatchTally(batch);
    return heartbeating(() => execute(batch, tally, context), tally.progress);
  };

  async function execute(
    batch: BatchInput,
    tally: ReturnType<typeof createBatchTally>,
    context: Context,
  ): Promise<BatchResult> {
    const { plans } = parts;
    const plan = await plans.plan(batch.plan);
    const { run: payer, priority } = batch;
    const scope = { run: payer, priority, namespace: context.info.namespace };
    const since = await runStartedAt(parts.database, batch.run, context.info);
    const todo: CellOutcome[] = [];
    for (const outcome of await outcomes.read(plan, await plans.cells(batch))) {
      const givenUpNow = outcome.status === 'infraFailed' && (outcome.execution?.ended_at ?? since) > since;
      if (outcome.status === 'open' || (outcome.status === 'infraFailed' && !givenUpNow)) todo.push(outcome);
      else tally.add(outcome.status, spentSince(outcome, batch.run, since));
    }

    using steering = await watchSteering(parts.database, batch.steering);
    const width = {
      now: () => steering.now().executionsAtOnce ?? parts.executionsAtOnce,
      onChange: steering.onChange,
    };
    let budgetSpent: string | undefined;
    const run = async (outcome: CellOutcome, signal: AbortSignal): Promise<void> => {
      if (budgetSpent !== undefined) return tally.add('budgetSkipped');
      if (steering.now().held) return tally.add('heldBack');
      try {
        const result = await cellRunner.run(plan, outcome, scope, signal);
        tally.add(result.status, result);
      } catch (error) {
        if (isFailure(error, 'Budget.Exceeded')) {
          budgetSpent ??= error.message;
          tally.add('budgetSkipped');
        } else if (isFailure(error, 'Llm.BadRequest') && tally.progress().done > 0) {
          // A model that answered others refuses this one request: no reason to end the run.
          await cellRunner.giveUp(plan, outcome, scope, error.message);
          tally.add('infraFailed');
        } else throw error;
      }
    };
    const giveUp = async (outcome: CellOutcome): Promise<void> => {
      await cellRunner.giveUp(plan, outcome, scope, `its worker died ${lossesUntilGivenUp} times`);
      tally.add('infraFailed');
    };

    const signal = context.cancellationSignal;
    const many = todo.filter((outcome) => lossesOf(outcome) < lossesUntilAlone);
    await forEachAtOnce(many, width, signal, (outcome, own) => gate.shared(() => run(outcome, own)));
    const suspects = todo.filter((outcome) => lossesOf(outcome) >= lossesUntilAlone);
    await forEachAtOnce(suspects, 1, signal, (outcome, own) =>
      lossesOf(outcome) >= lossesUntilGivenUp ? giveUp(outcome) : gate.alone(() => run(outcome, own)),
    );
    return { ...tally.result(), ...(budgetSpent === undefined ? {} : { budget: budgetSpent }) };
  }
}

/** A row that still says it is running is another attempt lost. */
function lossesOf({ execution }: CellOutcome): number {
  if (!execution || execution.status === 'infraFailed') return 0;
  const inFlight = execution.status === 'running' && execution.ended_at === null;
  return execution.losses + (inFlight ? 1 : 0);
}
