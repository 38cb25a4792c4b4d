/** The part of a plan that a stopped matrix finished: the queries of which every cell is executed and graded, as a plan of its own. */
import { Context } from '@temporalio/activity';
import {
  cellCount,
  type CompletePart,
  type MatrixActivities,
  type Plan,
} from '../../workflows/matrix/contract.ts';
import { heartbeating } from '../heartbeating.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { createFindDone, type SurveyParts } from './survey-batches.ts';

const cellsPerQuery = 2_000;

export function createKeepComplete(parts: SurveyParts): MatrixActivities['keepComplete'] {
  return async (sha256) => heartbeating(() => keep(parts, sha256, Context.current().cancellationSignal));
}

async function keep(parts: SurveyParts, sha256: string, signal: AbortSignal): Promise<CompletePart> {
  const plan = await parts.plans.plan(sha256);
  const find = await createFindDone(parts, plan);
  const perQuery = cellCount(plan) / plan.queryCount;
  const step = Math.max(1, Math.floor(cellsPerQuery / perQuery));
  const lines: string[] = [];
  for (let query = 0; query < plan.queryCount; query += step) {
    signal.throwIfAborted();
    const until = Math.min(query + step, plan.queryCount);
    const cells = await parts.plans.cells({ plan: sha256, from: query * perQuery, to: until * perQuery });
    const done = await find(cells);
    for (let own = 0; own < done.length; own += perQuery)
      if (!done.slice(own, own + perQuery).includes(undefined)) lines.push(JSON.stringify(cells[own]?.query));
  }
  if (lines.length === 0) return { plan: sha256, cells: 0, queries: 0 };
  const queries = await parts.blobs.put(lines.map((line) => `${line}\n`).join(''));
  const complete: Plan = { ...plan, queries, queryCount: lines.length };
  return {
    plan: await parts.blobs.put(canonicalJson(complete)),
    cells: cellCount(complete),
    queries: lines.length,
  };
}
