/** The score matrix as (query, program, driver) cells over their repeats: what pairs, unpaired rows and rewards are made of. */
import { sql } from 'kysely';
import { cellCount, type Plan } from '../../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../../workflows/shared/program.ts';
import type { Grading } from '../../benchmarks/grading.ts';
import type { CallService } from '../../llm/chat.ts';
import { createCellKeys, revisionsOf } from '../../mas/cell-outcomes.ts';
import { type BatchCell, createPlanReader } from '../../mas/plan-reader.ts';
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

const cellsPerRead = 5_000;

/** In the plan's order, a query's cells together; cells without a repeat that ended are left out. */
export async function* readMatrix(parts: MatrixParts, planSha256: string): AsyncGenerator<MatrixCell> {
  const reader = createPlanReader(parts.blobs);
  const plan: Plan = await reader.plan(planSha256);
  const revisions = await revisionsOf(plan, parts.calls);
  const keyOf = createCellKeys(plan, (driver) => revisions.get(driver) ?? '');
  const perRead = Math.max(1, Math.floor(cellsPerRead / plan.repeats)) * plan.repeats;
  for (let from = 0; from < cellCount(plan); from += perRead) {
    const to = Math.min(from + perRead, cellCount(plan));
    const cells = await reader.cells({ plan: planSha256, from, to });
    const ended = await readEnded(parts.database, {
      // No execution has an empty key: what a generator wrote is not a program of the plan.
      keys: cells.map((cell) => (cell.system.kind === 'program' ? keyOf(cell, cell.system.program) : '')),
      graders: cells.map(({ query }) => parts.grading.graderOf(query)),
    });
    for (let at = 0; at < cells.length; at += plan.repeats) {
      const first = cells[at];
      const repeats = ended.slice(at, at + plan.repeats).filter((row) => row !== undefined);
      if (first?.system.kind === 'program' && repeats.length > 0)
        yield cellOf(first, first.system.program, repeats);
    }
  }
}

interface Ended {
  readonly status: 'answered' | 'failed';
  readonly score: number;
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

/** By position of the key. */
async function readEnded(
  database: Database,
  { keys, graders }: { readonly keys: readonly string[]; readonly graders: readonly string[] },
): Promise<(Ended | undefined)[]> {
  const { rows } = await sql<Ended & { readonly n: number }>`
    select wanted.n::int as n, e.status, coalesce(s.score, 0)::float8 as score, e.llm_calls as "llmCalls",
      e.tokens_in::float8 as "tokensIn", e.tokens_out::float8 as "tokensOut", e.cost_usd::float8 as "costUsd"
    from unnest(${keys}::text[], ${graders}::text[]) with ordinality as wanted (key, grader, n)
    join executions e on e.key = wanted.key
    left join scores s on s.execution = e.key and s.grader = wanted.grader
    where e.status in ('answered', 'failed')`.execute(database);
  const ended: (Ended | undefined)[] = keys.map(() => undefined);
  for (const { n, ...row } of rows) ended[n - 1] = row;
  return ended;
}

function cellOf(cell: BatchCell, program: ProgramRef, repeats: readonly Ended[]): MatrixCell {
  const mean = (of: (repeat: Ended) => number): number =>
    repeats.reduce((sum, repeat) => sum + of(repeat), 0) / repeats.length;
  return {
    query: cell.queryIndex,
    program,
    driver: cell.driver,
    scores: repeats.map(({ score }) => score),
    answered: repeats.filter(({ status }) => status === 'answered').length,
    llmCalls: mean(({ llmCalls }) => llmCalls),
    tokensIn: mean(({ tokensIn }) => tokensIn),
    tokensOut: mean(({ tokensOut }) => tokensOut),
    costUsd: mean(({ costUsd }) => costUsd),
  };
}

export function meanScore({ scores }: Pick<MatrixCell, 'scores'>): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
