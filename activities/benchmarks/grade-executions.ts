/**
 * Grades the stored executions of a batch and writes `scores`; what the same grader version graded before is skipped. A
 * program that failed scores 0: it stays in every denominator. Grading costs no call of the systems.
 */
import { Context } from '@temporalio/activity';
import type { MatrixActivities } from '../../workflows/matrix/contract.ts';
import { heartbeating } from '../heartbeating.ts';
import type { CallService } from '../llm/chat.ts';
import { createBatchTally, spentSince } from '../mas/batch-tally.ts';
import { type CellOutcome, createCellOutcomes } from '../mas/cell-outcomes.ts';
import { forEachAtOnce } from '../mas/for-each-at-once.ts';
import type { PlanReader } from '../mas/plan-reader.ts';
import { runStartedAt } from '../mas/run-started-at.ts';
import type { Blobs } from '../storage/blobs.ts';
import { toJson } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import type { Grading, Verdict } from './grading.ts';
import { readScores } from './read-scores.ts';

export interface GradeParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Grading;
}

const atOnce = 16;
const rowsPerInsert = 200;

export function createGradeExecutions(
  parts: GradeParts & { readonly plans: PlanReader },
): MatrixActivities['gradeExecutions'] {
  const outcomes = createCellOutcomes(parts);

  return async (batch) => {
    const context = Context.current();
    const cells = await outcomes.read(await parts.plans.plan(batch.plan), await parts.plans.cells(batch));
    const todo = ungraded(cells, await readScores(parts.database, cells, parts.grading));
    const tally = createBatchTally(batch);
    const since = await runStartedAt(parts.database, batch.run, context.info);
    for (const outcome of cells)
      if (outcome.status !== 'open') tally.add(outcome.status, spentSince(outcome, batch.run, since));
    const rows: ScoreRow[] = [];
    let graded = 0;
    const grade = async (outcome: CellOutcome, signal: AbortSignal): Promise<void> => {
      rows.push(scoreRow(outcome, await verdictOf(parts.grading, outcome, signal)));
      graded += 1;
      if (rows.length >= rowsPerInsert) await write(parts.database, rows.splice(0));
    };
    const gradeAll = () => forEachAtOnce(todo, atOnce, context.cancellationSignal, grade);
    try {
      await heartbeating(gradeAll, tally.progress);
      return { graded };
    } finally {
      // What was graded before a grader broke is kept.
      await write(parts.database, rows.splice(0));
    }
  };
}

/** Cells that name one execution (two names for one program) are graded once. */
function ungraded(cells: readonly CellOutcome[], scores: ReadonlyMap<string, unknown>): CellOutcome[] {
  const byExecution = new Map<string, CellOutcome>();
  for (const outcome of cells) {
    if (outcome.status !== 'answered' && outcome.status !== 'failed') continue;
    const { execution } = outcome;
    if (execution && !scores.has(execution.key)) byExecution.set(execution.key, outcome);
  }
  return [...byExecution.values()];
}

async function verdictOf(grading: Grading, outcome: CellOutcome, signal: AbortSignal): Promise<Verdict> {
  const { query } = outcome.cell;
  if (outcome.status === 'answered') return grading.grade(query, outcome.execution?.answer ?? '', signal);
  const kind = outcome.execution?.failure_kind ?? 'raised';
  return {
    score: 0,
    grader: grading.graderOf(query),
    extracted: null,
    reason: `the program failed: ${kind}`,
  };
}

type ScoreRow = ReturnType<typeof scoreRow>;

function scoreRow({ execution }: CellOutcome, verdict: Verdict) {
  const { score, grader, ...rest } = verdict;
  return { execution: execution?.key ?? '', grader, score, verdict: rest };
}

async function write(database: Database, rows: readonly ScoreRow[]): Promise<void> {
  if (rows.length === 0) return;
  await database
    .insertInto('scores')
    .values(
      rows.map(({ execution, grader, score, verdict }) => ({
        execution,
        grader,
        score,
        verdict: toJson(verdict),
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
