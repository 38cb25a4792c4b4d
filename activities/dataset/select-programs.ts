/** The stored scores of the matrix become a selection: which program each query goes on with. */
import type { DatasetInput, Selection } from '../../workflows/dataset/contract.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { Grading } from '../benchmarks/grading.ts';
import { readScores } from '../benchmarks/read-scores.ts';
import type { CallService } from '../llm/chat.ts';
import { createCellOutcomes } from '../mas/cell-outcomes.ts';
import { type BatchCell, createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import { choosePrograms, type Score, type ScoredQuery } from './choose-programs.ts';
import { writeLines } from './selection.ts';

export interface SelectParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Grading;
}

const cellsPerRead = 2_000;

export function createSelectPrograms(parts: SelectParts) {
  return async (planSha256: string, input: DatasetInput): Promise<Selection> => {
    const plan = await createPlanReader(parts.blobs).plan(planSha256);
    const programs = plan.systems.flatMap((system) => (system.kind === 'program' ? [system.program] : []));
    const queries = await scoreQueries(parts, planSha256, plan, input.groupBy);
    const { interConsistency } = input.switches;
    const options = { repeats: plan.repeats, interConsistency, seed: input.seed };
    const { groups, selected } = choosePrograms(queries, programs, options);
    return {
      selection: await writeLines(parts.blobs, selected),
      queries: selected.length,
      dropped: queries.length - selected.length,
      groups,
    };
  };
}

async function scoreQueries(
  parts: SelectParts,
  planSha256: string,
  plan: Plan,
  groupBy: DatasetInput['groupBy'],
): Promise<ScoredQuery[]> {
  const reader = createPlanReader(parts.blobs);
  const outcomes = createCellOutcomes(parts);
  const perSystem = plan.drivers.length * plan.repeats;
  const perQuery = plan.systems.length * perSystem;
  const step = Math.max(perQuery, Math.floor(cellsPerRead / perQuery) * perQuery);
  const queries: ScoredQuery[] = [];
  for (let from = 0; from < cellCount(plan); from += step) {
    const to = Math.min(from + step, cellCount(plan));
    const cells = await outcomes.read(plan, await reader.cells({ plan: planSha256, from, to }));
    const verdicts = await readScores(parts.database, cells, parts.grading);
    for (let start = 0; start < cells.length; start += perQuery) {
      const own = cells.slice(start, start + perQuery);
      const { query, queryIndex } = (own[0] as (typeof own)[number]).cell;
      const scores = plan.systems.map((_, system): Score => {
        // Of the first driver, which is the input's.
        const repeats = own.slice(system * perSystem, system * perSystem + plan.repeats);
        const sum = repeats.reduce(
          (total, { execution }) => total + (verdicts.get(execution?.key ?? '')?.score ?? 0),
          0,
        );
        const llmCalls = repeats.reduce((total, { execution }) => total + (execution?.llm_calls ?? 0), 0);
        return { sum, llmCalls };
      });
      queries.push({ queryIndex, queryId: query.id, group: groupOf(query, groupBy), scores });
    }
  }
  return queries;
}

function groupOf({ source, subject }: BatchCell['query'], groupBy: DatasetInput['groupBy']): string {
  return groupBy === 'source' || subject === '' ? source : `${source}/${subject}`;
}
