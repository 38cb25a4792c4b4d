/** The activity that refines a stretch of the selection, many queries at once. What it did before a crash is on record and free. */
import { Context } from '@temporalio/activity';
import type { RefineInput, RefineResult } from '../../workflows/dataset/contract.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { addUsage, noUsage } from '../../workflows/shared/usage.ts';
import { forEachAtOnce } from '../mas/for-each-at-once.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { type RefinedQuery, type RefineParts, refineQuery } from './refine-query.ts';
import { readLines, selectedQuerySchema, writeLines } from './selection.ts';

const heartbeatMs = 1_000;

export function createRefineQueries(parts: RefineParts & { readonly executionsAtOnce: number }) {
  const plans = createPlanReader(parts.blobs);

  return async (input: RefineInput): Promise<RefineResult> => {
    const context = Context.current();
    const plan = await plans.plan(input.plan);
    const queries = await readLines(parts.blobs, plan.queries, querySchema);
    const selection = await readLines(parts.blobs, input.selection, selectedQuerySchema);
    const rows = selection.slice(input.from, input.to);
    const refined: RefinedQuery[] = [];
    const timer = setInterval(() => context.heartbeat({ done: refined.filter(Boolean).length }), heartbeatMs);
    try {
      const { executionsAtOnce } = parts;
      const { namespace } = context.info;
      await forEachAtOnce(
        [...rows.entries()],
        executionsAtOnce,
        context.cancellationSignal,
        async ([index, selected], signal) => {
          const query = queries[selected.queryIndex] as (typeof queries)[number];
          refined[index] = await refineQuery(parts, { plan, query, selected, input, namespace, signal });
        },
      );
    } finally {
      clearInterval(timer);
    }
    const solved = refined.filter(({ final }) => final.final !== null);
    const accepted = solved.filter(({ final }) => final.final?.adapted).length;
    return {
      finals: await writeLines(
        parts.blobs,
        refined.map(({ final }) => final),
      ),
      tried: refined.filter(({ tried }) => tried).length,
      accepted,
      kept: solved.length - accepted,
      dropped: refined.length - solved.length,
      usage: refined.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
    };
  };
}
