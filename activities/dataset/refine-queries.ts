/** The activity that refines a stretch of the selection, many queries at once. What it did before a crash is on record and free. */
import { Context } from '@temporalio/activity';
import type { RefineInput, RefineResult } from '../../workflows/dataset/contract.ts';
import {
  type Control,
  type Refinement,
  type RefinementSums,
  refinementSchema,
} from '../../workflows/dataset/refinement.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { addUsage, noUsage } from '../../workflows/shared/usage.ts';
import { forEachAtOnce } from '../mas/for-each-at-once.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { similarCount } from './controls.ts';
import { readPatiently } from './read-patiently.ts';
import {
  caughtBy,
  type RefinedQuery,
  type RefineGiven,
  type RefineParts,
  refineQuery,
} from './refine-query.ts';
import { readLines, selectedQuerySchema, writeLines } from './selection.ts';
import { createSimilarQueries } from './similar-queries.ts';

const heartbeatMs = 1_000;

export function createRefineQueries(parts: RefineParts & { readonly executionsAtOnce: number }) {
  const plans = createPlanReader(parts.blobs);

  return async (input: RefineInput): Promise<RefineResult> => {
    const context = Context.current();
    const settings: Refinement = refinementSchema.parse(input.refinement ?? {});
    const plan = await plans.plan(input.plan);
    const queries = await readLines(parts.blobs, plan.queries, querySchema);
    const selection = await readLines(parts.blobs, input.selection, selectedQuerySchema);
    const members = selection.map(({ group, queryIndex }) => {
      return { group, query: queries[queryIndex] as (typeof queries)[number] };
    });
    const similar = createSimilarQueries(members);
    const rows = selection.slice(input.from, input.to);
    const refined: RefinedQuery[] = [];
    const bases = new Map<string, Promise<RefineGiven['base']>>();
    const baseOf = (sha256: string): Promise<RefineGiven['base']> => {
      const known = bases.get(sha256) ?? readBase(parts, sha256);
      bases.set(sha256, known);
      return known;
    };
    const timer = setInterval(() => context.heartbeat({ done: refined.filter(Boolean).length }), heartbeatMs);
    try {
      const { namespace } = context.info;
      await forEachAtOnce(
        [...rows.entries()],
        parts.executionsAtOnce,
        context.cancellationSignal,
        async ([index, selected], signal) => {
          const member = members[input.from + index] as (typeof members)[number];
          refined[index] = await refineQuery(parts, {
            ...{ plan, selected, input, settings, namespace, signal, query: member.query },
            base: await baseOf(selected.base.sha256),
            similar: input.switches.adaptation ? similar.nearest(member, similarCount) : [],
          });
        },
      );
    } finally {
      clearInterval(timer);
    }
    const finals = refined.map(({ final }) => final);
    const rowsKept = finals.filter(({ final }) => final !== null);
    return {
      finals: await writeLines(parts.blobs, finals),
      ...sumsOf(refined),
      dropped: finals.length - rowsKept.length,
      usage: refined.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
    };
  };
}

async function readBase({ blobs, sandbox }: RefineParts, sha256: string): Promise<RefineGiven['base']> {
  const source = await blobs.getText(sha256);
  return { source, reading: await readPatiently(await sandbox(), source) };
}

function sumsOf(refined: readonly RefinedQuery[]): RefinementSums {
  const refused: Partial<Record<string, number>> = {};
  for (const { final } of refined)
    for (const { why } of final.refused ?? []) refused[why] = (refused[why] ?? 0) + 1;
  const caught = (control: Control) => {
    const queries = refined.filter(({ final }) => caughtBy(final).includes(control));
    return { count: queries.length, queries: queries.map(({ final }) => final.queryId ?? '') };
  };
  const rows = refined.flatMap(({ final }) => (final.final ? [final.final] : []));
  const accepted = rows.filter(({ adapted }) => adapted).length;
  return {
    tried: refined.filter(({ tried }) => tried).length,
    accepted,
    kept: rows.length - accepted,
    refused,
    caught: { constantDriver: caught('constantDriver'), similarQuery: caught('similarQuery') },
  };
}
