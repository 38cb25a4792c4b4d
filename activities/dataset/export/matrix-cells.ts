/** The score matrix as (query, program, driver) cells over their repeats: what pairs, unpaired rows and rewards are made of. */
import { cellCount, type Plan } from '../../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../../workflows/shared/program.ts';
import type { Grading } from '../../benchmarks/grading.ts';
import { readScores } from '../../benchmarks/read-scores.ts';
import type { CallService } from '../../llm/chat.ts';
import { type CellOutcome, createCellOutcomes } from '../../mas/cell-outcomes.ts';
import { createPlanReader } from '../../mas/plan-reader.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/tables.ts';

export interface MatrixCell {
  /** Position in the plan. */
  readonly query: number;
  readonly program: ProgramRef;
  readonly driver: string;
  /** One per repeat that ended, 0 to 1; a program that failed scores 0. What infrastructure prevented is absent. */
  readonly scores: readonly number[];
  /** Repeats that ended with an answer, right or wrong. */
  readonly answered: number;
  /** Means per repeat that ended, from the recorded replies. */
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

export interface MatrixParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Pick<Grading, 'graderOf'>;
}

const cellsPerRead = 2_000;

/** In the plan's order, a query's cells together; cells without a repeat that ended are left out. */
export async function* readMatrix(parts: MatrixParts, planSha256: string): AsyncGenerator<MatrixCell> {
  const reader = createPlanReader(parts.blobs);
  const outcomes = createCellOutcomes(parts);
  const plan: Plan = await reader.plan(planSha256);
  const perRead = Math.max(1, Math.floor(cellsPerRead / plan.repeats)) * plan.repeats;
  for (let from = 0; from < cellCount(plan); from += perRead) {
    const to = Math.min(from + perRead, cellCount(plan));
    const read = await outcomes.read(plan, await reader.cells({ plan: planSha256, from, to }));
    const verdicts = await readScores(parts.database, read, parts.grading);
    for (let at = 0; at < read.length; at += plan.repeats) {
      const scoreOf = (key: string): number | undefined => verdicts.get(key)?.score;
      const cell = cellOf(read.slice(at, at + plan.repeats), scoreOf);
      if (cell) yield cell;
    }
  }
}

function cellOf(
  repeats: readonly CellOutcome[],
  scoreOf: (key: string) => number | undefined,
): MatrixCell | undefined {
  const ended = repeats.flatMap(({ status, execution }) =>
    execution && (status === 'answered' || status === 'failed') ? [{ status, execution }] : [],
  );
  const first = repeats[0]?.cell;
  if (!first || first.system.kind !== 'program' || ended.length === 0) return undefined;
  const mean = (of: (execution: (typeof ended)[number]['execution']) => number): number =>
    ended.reduce((sum, { execution }) => sum + of(execution), 0) / ended.length;
  return {
    query: first.queryIndex,
    program: first.system.program,
    driver: first.driver,
    scores: ended.map(({ execution }) => scoreOf(execution.key) ?? 0),
    answered: ended.filter(({ status }) => status === 'answered').length,
    llmCalls: mean(({ llm_calls }) => llm_calls),
    tokensIn: mean(({ tokens_in }) => tokens_in),
    tokensOut: mean(({ tokens_out }) => tokens_out),
    costUsd: mean(({ cost_usd }) => cost_usd),
  };
}

export function meanScore({ scores }: Pick<MatrixCell, 'scores'>): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
