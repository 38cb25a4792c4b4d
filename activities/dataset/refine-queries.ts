/**
 * The activity that refines a stretch of the selection, many queries at once. What it did before a crash is on record and free.
 * A pause, or a spent budget, begins no further query; those under way end, so that what they paid for is on record.
 */
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
import { isFailure } from '../failure.ts';
import { heartbeating } from '../heartbeating.ts';
import { forEachAtOnce } from '../mas/for-each-at-once.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { watchSteering } from '../mas/steering.ts';
import { similarCount } from './controls.ts';
import { readPatiently } from './read-patiently.ts';
import {
  caughtBy,
  type RefinedQuery,
  type RefineGiven,
  type RefineParts,
  refineQuery,
} from './refine-query.ts';
import { readLines, type SelectedQuery, selectedQuerySchema, writeLines } from './selection.ts';
import { createSimilarQueries } from './similar-queries.ts';

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
    using steering = await watchSteering(parts.database, input.steering);
    const width = {
      now: () => steering.now().executionsAtOnce ?? parts.executionsAtOnce,
      onChange: steering.onChange,
    };
    let spent: string | undefined;
    const refine = async (index: number, selected: SelectedQuery, signal: AbortSignal): Promise<void> => {
      if (spent !== undefined || steering.now().held) return;
      const member = members[input.from + index] as (typeof members)[number];
      try {
        refined[index] = await refineQuery(parts, {
          ...{ plan, selected, input, settings, signal, query: member.query },
          ...{ namespace: context.info.namespace, base: await baseOf(selected.base.sha256) },
          similar: input.switches.adaptation ? similar.nearest(member, similarCount) : [],
        });
      } catch (error) {
        if (input.whenSpent === undefined || !isFailure(error, 'Budget.Exceeded')) throw error;
        spent ??= error.message;
      }
    };
    const done = (): RefinedQuery[] => refined.filter(Boolean);
    await heartbeating(
      () =>
        forEachAtOnce([...rows.entries()], width, context.cancellationSignal, ([index, selected], signal) =>
          refine(index, selected, signal),
        ),
      () => ({ done: done().length }),
    );
    const heldBack = spent === undefined ? rows.length - done().length : 0;
    const finals = done().map(({ final }) => final);
    const rowsKept = finals.filter(({ final }) => final !== null);
    return {
      finals: spent === undefined && heldBack === 0 ? await writeLines(parts.blobs, finals) : '',
      ...sumsOf(done()),
      dropped: finals.length - rowsKept.length,
      usage: done().reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
      ...(heldBack > 0 ? { heldBack } : {}),
      ...(spent === undefined ? {} : { spent }),
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
  const unpaid = refined.filter(({ final }) => final.unpaid).length;
  return {
    tried: refined.filter(({ tried }) => tried).length,
    accepted,
    kept: rows.length - accepted,
    ...(unpaid > 0 ? { unpaid } : {}),
    refused,
    caught: { constantDriver: caught('constantDriver'), similarQuery: caught('similarQuery') },
  };
}
