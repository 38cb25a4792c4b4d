/** Scores of cells by the graders that are current now. */
import type { CellOutcome } from '../mas/cell-outcomes.ts';
import type { Database } from '../storage/tables.ts';
import type { Grading, Verdict } from './grading.ts';

/** By execution key; executions without a score of the current grader version are absent. */
export async function readScores(
  database: Database,
  cells: readonly CellOutcome[],
  grading: Pick<Grading, 'graderOf'>,
): Promise<ReadonlyMap<string, Verdict>> {
  const graders = new Map<string, string>();
  for (const { execution, cell } of cells)
    if (execution) graders.set(execution.key, grading.graderOf(cell.query));
  const keys = [...graders.keys()];
  const scores = new Map<string, Verdict>();
  for (let from = 0; from < keys.length; from += maxKeys) {
    const rows = await database
      .selectFrom('scores')
      .select(['execution', 'grader', 'score', 'verdict'])
      .where('execution', 'in', keys.slice(from, from + maxKeys))
      .execute();
    for (const { execution, grader, score, verdict } of rows) {
      if (grader !== graders.get(execution)) continue;
      scores.set(execution, { ...(verdict as Omit<Verdict, 'score' | 'grader'>), score, grader });
    }
  }
  return scores;
}

const maxKeys = 1_000;
