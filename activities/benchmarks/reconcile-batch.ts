/** A batch that did not report, as the database has it: complete when every cell is executed and graded. */
import { Context } from '@temporalio/activity';
import type { MatrixActivities } from '../../workflows/matrix/contract.ts';
import { createBatchTally, spentSince } from '../mas/batch-tally.ts';
import { createCellOutcomes } from '../mas/cell-outcomes.ts';
import type { PlanReader } from '../mas/plan-reader.ts';
import { runStartedAt } from '../mas/run-started-at.ts';
import type { GradeParts } from './grade-executions.ts';
import { readScores } from './read-scores.ts';

export function createReconcileBatch(
  parts: GradeParts & { readonly plans: PlanReader },
): MatrixActivities['reconcileBatch'] {
  const outcomes = createCellOutcomes(parts);

  return async (batch) => {
    const since = await runStartedAt(parts.database, batch.run, Context.current().info);
    const cells = await outcomes.read(await parts.plans.plan(batch.plan), await parts.plans.cells(batch));
    const scores = await readScores(parts.database, cells, parts.grading);
    const tally = createBatchTally(batch);
    for (const outcome of cells) {
      const { status, execution } = outcome;
      // Infrastructure failures are left to a new attempt at the batch.
      if (status === 'open' || status === 'infraFailed' || !scores.has(execution?.key ?? '')) return null;
      tally.add(status, spentSince(outcome, batch.run, since));
    }
    return tally.result();
  };
}
