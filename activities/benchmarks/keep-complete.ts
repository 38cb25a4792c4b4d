/**
 * The part of a plan that a stopped matrix finished: the queries of which every cell is executed and graded, as a plan of its
 * own. Of a sparse plan, queries that no block asks for are no part.
 */
import { Context } from '@temporalio/activity';
import type { Block } from '../../workflows/matrix/blocks.ts';
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
  const lines = new Map<number, string>();
  const unfinished = new Set<number>();
  for (const { from, to } of stretchesOf(plan)) {
    signal.throwIfAborted();
    const cells = await parts.plans.cells({ plan: sha256, from, to });
    const done = await find(cells);
    for (const [at, { queryIndex, query }] of cells.entries()) {
      if (done[at] === undefined) unfinished.add(queryIndex);
      if (!lines.has(queryIndex)) lines.set(queryIndex, JSON.stringify(query));
    }
  }
  const kept = [...lines.keys()].filter((query) => !unfinished.has(query)).toSorted((a, b) => a - b);
  if (kept.length === 0) return { plan: sha256, cells: 0, queries: 0 };
  const queries = await parts.blobs.put(kept.map((query) => `${lines.get(query)}\n`).join(''));
  const complete: Plan = {
    ...{ ...plan, queries, queryCount: kept.length },
    ...(plan.blocks ? { blocks: restricted(plan.blocks, kept) } : {}),
  };
  return {
    plan: await parts.blobs.put(canonicalJson(complete)),
    cells: cellCount(complete),
    queries: kept.length,
  };
}

function* stretchesOf(plan: Plan) {
  const cells = cellCount(plan);
  for (let from = 0; from < cells; from += cellsPerQuery)
    yield { from, to: Math.min(from + cellsPerQuery, cells) };
}

/** Only the kept queries, by their new positions. */
function restricted(blocks: readonly Block[], kept: readonly number[]): Block[] {
  const positions = new Map(kept.map((query, position) => [query, position]));
  return blocks.flatMap(({ queries, systems }) => {
    const own = queries.flatMap((query) => positions.get(query) ?? []);
    return own.length === 0 ? [] : [{ queries: own, systems }];
  });
}
