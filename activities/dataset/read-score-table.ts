/**
 * The stored scores of a matrix in one table, read in bulk: keys are computed, and 5,000 cells at a time are looked up with
 * their grades. Only what the run itself asked for is read: what other runs executed does not change a selection.
 */
import { sql } from 'kysely';
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Query } from '../../workflows/shared/query.ts';
import type { Grading } from '../benchmarks/grading.ts';
import type { CallService } from '../llm/chat.ts';
import { revisionsOf } from '../mas/cell-outcomes.ts';
import { createExecutionKeys } from '../mas/execution-key.ts';
import type { Database } from '../storage/tables.ts';
import type { LeaderCells } from './choosing/leaders.ts';
import { addOutcome, emptyTable, type ScoreTable } from './choosing/score-table.ts';

export interface ScoreParts {
  readonly database: Database;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Pick<Grading, 'graderOf'>;
}

export interface ReadScoresOptions {
  readonly plan: Plan;
  /** In the plan's order. */
  readonly queries: readonly Query[];
  /** Repeats beyond the plan's. */
  readonly leaders: readonly LeaderCells[];
  readonly signal: AbortSignal;
}

const cellsPerRead = 5_000;

interface Wanted {
  readonly keys: string[];
  readonly graders: string[];
  /** Query, program, repeat: three numbers per key. */
  readonly places: number[];
}

interface Row {
  readonly n: string;
  readonly status: string;
  readonly llm_calls: number;
  readonly tokens: string;
  readonly cost_usd: string;
  readonly score: number | null;
}

/** Of the plan's first driver, by position of query and program. Throws `Input.Invalid` when its revision has changed. */
export async function readScoreTable(parts: ScoreParts, options: ReadScoresOptions): Promise<ScoreTable> {
  const { plan, queries, leaders, signal } = options;
  const { database, calls, grading } = parts;
  const programs = programsOf(plan);
  const driver = plan.drivers[0] as string;
  const revision = (await revisionsOf(plan, calls)).get(driver) ?? '';
  const repeats = Math.max(plan.repeats, ...leaders.map((round) => round.repeats));
  const table = emptyTable(queries.length, programs.length, repeats);
  const { tenant, seed: runSeed, limits, commonRandomNumbers } = plan;
  const keyOf = createExecutionKeys({ tenant, driver, runSeed, limits, commonRandomNumbers }, revision);
  const repeatsOf = repeatsByCell(plan, leaders, programs.length);

  let wanted: Wanted = { keys: [], graders: [], places: [] };
  const flush = async (): Promise<void> => {
    signal.throwIfAborted();
    const rows = await readRows(database, wanted);
    for (const row of rows) {
      const at = 3 * (Number(row.n) - 1);
      const [query = 0, program = 0, repeat = 0] = wanted.places.slice(at, at + 3);
      const { llm_calls: llmCalls } = row;
      const costs = { llmCalls, tokens: Number(row.tokens), costUsd: Number(row.cost_usd) };
      addOutcome(table, query, program, repeat, { score: row.score ?? 0, ...costs });
    }
    wanted = { keys: [], graders: [], places: [] };
  };

  for (const [index, query] of queries.entries()) {
    const grader = grading.graderOf(query);
    for (const [position, program] of programs.entries()) {
      const until = repeatsOf(index * programs.length + position);
      for (let repeat = 0; repeat < until; repeat++) {
        wanted.keys.push(keyOf(query.id, program.sha256, repeat));
        wanted.graders.push(grader);
        wanted.places.push(index, position, repeat);
      }
    }
    if (wanted.keys.length >= cellsPerRead) await flush();
  }
  await flush();
  return table;
}

export function programsOf(plan: Plan): ProgramRef[] {
  return plan.systems.flatMap((system) => (system.kind === 'program' ? [system.program] : []));
}

/** Executions that infrastructure prevented are as good as missing. */
async function readRows(database: Database, { keys, graders }: Wanted): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select wanted.n, e.status, e.llm_calls, e.tokens_in + e.tokens_out as tokens, e.cost_usd, s.score
    from unnest(${keys}::text[], ${graders}::text[]) with ordinality as wanted (key, grader, n)
    join executions e on e.key = wanted.key
    left join scores s on s.execution = e.key and s.grader = wanted.grader
    where e.status = 'failed' or (e.status = 'answered' and s.score is not null)`.execute(database);
  return rows;
}

/** Repeats that the run asked for, by query * programs + program: the plan's where it asks for the cell, or those of a leader. */
function repeatsByCell(
  plan: Plan,
  leaders: readonly LeaderCells[],
  programs: number,
): (cell: number) => number {
  const repeats = new Uint16Array(plan.queryCount * programs).fill(plan.blocks ? 0 : plan.repeats);
  const ask = (cells: Iterable<number>, times: number): void => {
    for (const cell of cells) repeats[cell] = Math.max(repeats[cell] as number, times);
  };
  for (const { queries, systems } of plan.blocks ?? [])
    ask(cellsOf(queries, systems, programs), plan.repeats);
  for (const round of leaders) ask(cellsOf(round.queries, round.programs, programs), round.repeats);
  return (cell) => repeats[cell] as number;
}

function* cellsOf(queries: readonly number[], systems: readonly number[], programs: number) {
  for (const query of queries) for (const system of systems) yield query * programs + system;
}
