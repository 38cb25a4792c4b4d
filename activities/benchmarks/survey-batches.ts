/**
 * Finds the batches of a plan in which there is work, so that those that are done need no workflow of their own: keys are
 * computed and looked up, 2,000 to a query. The first look also records that the run has this plan.
 */
import { Context } from '@temporalio/activity';
import { sql } from 'kysely';
import {
  cellCount,
  type Plan,
  type SurveyInput,
  type SurveyResult,
} from '../../workflows/matrix/contract.ts';
import { heartbeating } from '../heartbeating.ts';
import { createCellKeys, createCellOutcomes, revisionsOf } from '../mas/cell-outcomes.ts';
import type { BatchCell, PlanReader } from '../mas/plan-reader.ts';
import { recordPlan } from '../storage/run-plans.ts';
import type { Database } from '../storage/tables.ts';
import type { GradeParts } from './grade-executions.ts';
import { readScores } from './read-scores.ts';

/** A cell that is executed to its end and graded by the grader of now. */
export interface DoneCell {
  readonly status: 'answered' | 'failed';
  /** Of a program that failed. */
  readonly failureKind: string | null;
  readonly simulated: boolean;
}

export type FindDone = (cells: readonly BatchCell[]) => Promise<(DoneCell | undefined)[]>;

export type SurveyParts = GradeParts & { readonly plans: PlanReader };

const cellsPerQuery = 2_000;

export function createSurveyBatches(parts: SurveyParts) {
  return async (input: SurveyInput): Promise<SurveyResult> => {
    const plan = await parts.plans.plan(input.plan);
    const { workflowNamespace: namespace = '' } = Context.current().info;
    if (input.from === 0) await recordPlan(parts.database, { namespace, run: input.run, plan: input.plan });
    return heartbeating(() => survey(parts, plan, input, Context.current().cancellationSignal));
  };
}

async function survey(
  parts: SurveyParts,
  plan: Plan,
  { plan: sha256, batchSize, from, to }: SurveyInput,
  signal: AbortSignal,
): Promise<SurveyResult> {
  const find = await createFindDone(parts, plan);
  const todo: number[] = [];
  const sums = { answered: 0, failed: 0, simulated: false };
  const failureKinds: Record<string, number> = {};
  const step = Math.max(1, Math.floor(cellsPerQuery / batchSize));
  for (let member = from; member < to; member += step) {
    signal.throwIfAborted();
    const first = member * batchSize;
    const last = Math.min(Math.min(member + step, to) * batchSize, cellCount(plan));
    const done = await find(await parts.plans.cells({ plan: sha256, from: first, to: last }));
    for (let batch = member; batch < Math.min(member + step, to); batch += 1) {
      const start = batch * batchSize - first;
      const own = done.slice(start, start + batchSize);
      if (own.includes(undefined)) todo.push(batch);
      else
        for (const cell of own) {
          if (!cell) continue;
          sums[cell.status] += 1;
          if (cell.status === 'failed') {
            const kind = cell.failureKind ?? 'raised';
            failureKinds[kind] = (failureKinds[kind] ?? 0) + 1;
          }
          sums.simulated ||= cell.simulated;
        }
    }
  }
  return { todo, ...sums, failureKinds };
}

/** Throws `Input.Invalid` when a model is no longer what the plan pinned. */
export async function createFindDone(parts: GradeParts, plan: Plan): Promise<FindDone> {
  const { database, calls, grading } = parts;
  if (plan.systems.some(({ kind }) => kind === 'generator')) return findOnLadders(parts, plan);
  const revisions = await revisionsOf(plan, calls);
  const keyOf = createCellKeys(plan, (driver) => revisions.get(driver) ?? '');
  return async (cells) => {
    const keys = cells.map((cell) => {
      if (cell.system.kind !== 'program') throw new TypeError('a generator has a ladder');
      return keyOf(cell, cell.system.program);
    });
    const rows = await readDone(database, keys);
    const done = new Map<string, DoneCell>();
    for (const { key, grader, ...row } of rows) done.set(`${key} ${grader}`, row);
    return cells.map(({ query }, index) => done.get(`${keys[index]} ${grading.graderOf(query)}`));
  };
}

function findOnLadders(parts: GradeParts, plan: Plan): FindDone {
  const outcomes = createCellOutcomes(parts);
  return async (cells) => {
    const found = await outcomes.read(plan, cells);
    const scores = await readScores(parts.database, found, parts.grading);
    return found.map(({ status, execution, generation }) => {
      if (status !== 'answered' && status !== 'failed') return undefined;
      if (!execution || !scores.has(execution.key)) return undefined;
      const failureKind = execution.failure_kind;
      return { status, failureKind, simulated: execution.simulated || (generation?.simulated ?? false) };
    });
  };
}

interface DoneRow extends DoneCell {
  readonly key: string;
  readonly grader: string;
}

async function readDone(database: Database, keys: readonly string[]): Promise<readonly DoneRow[]> {
  const { rows } = await sql<DoneRow>`
    select e.key, e.status, e.failure_kind as "failureKind", e.simulated, s.grader
    from executions e join scores s on s.execution = e.key
    where e.key = any(${keys}::text[]) and e.status in ('answered', 'failed')`.execute(database);
  return rows;
}
