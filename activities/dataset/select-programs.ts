/**
 * Inter-consistency: queries that are alike get the same program, the one with the best mean score over their group. Ties:
 * fewer agent calls, then the program's id. The ablation takes, per query, a seeded random one of those that solved it.
 */
import type { DatasetInput, Selection } from '../../workflows/dataset/contract.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Grading } from '../benchmarks/grading.ts';
import { readScores } from '../benchmarks/read-scores.ts';
import type { CallService } from '../llm/chat.ts';
import { createCellOutcomes } from '../mas/cell-outcomes.ts';
import { type BatchCell, createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import { createRandom } from './random.ts';
import { isSolved, type SelectedQuery, writeLines } from './selection.ts';

export interface SelectParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Grading;
}

/** One query on one program, over all repeats. */
interface Score {
  readonly mean: number;
  readonly llmCalls: number;
}

interface ScoredQuery {
  readonly queryIndex: number;
  readonly queryId: string;
  readonly group: string;
  /** By position of the system in the plan. */
  readonly scores: readonly Score[];
}

const cellsPerRead = 2_000;

export function createSelectPrograms(parts: SelectParts) {
  return async (planSha256: string, input: DatasetInput): Promise<Selection> => {
    const plan = await createPlanReader(parts.blobs).plan(planSha256);
    const programs = plan.systems.flatMap((system) => (system.kind === 'program' ? [system.program] : []));
    const queries = await scoreQueries(parts, planSha256, plan, input.groupBy);
    const names = [...new Set(queries.map(({ group }) => group))];
    const groups = names.map((name) =>
      describeGroup(
        name,
        queries.filter(({ group }) => group === name),
        programs,
      ),
    );
    const best = new Map(groups.map((group) => [group.group, group]));
    const selected = queries.flatMap((query): SelectedQuery[] => {
      const index = input.switches.interConsistency
        ? best.get(query.group)?.best
        : anySolver(query, input.seed);
      const base = index === undefined ? undefined : programs[index];
      if (index === undefined || !base) return [];
      const { queryIndex, group } = query;
      return [{ queryIndex, group, base, baseScore: query.scores[index]?.mean ?? 0 }];
    });
    return {
      selection: await writeLines(parts.blobs, selected),
      queries: selected.length,
      dropped: queries.length - selected.length,
      groups: groups.map(({ group, queries: members, program, meanScore }) => ({
        group,
        queries: members,
        program,
        meanScore,
      })),
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
  const perQuery = plan.systems.length * plan.repeats;
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
        const repeats = own.slice(system * plan.repeats, (system + 1) * plan.repeats);
        const sum = repeats.reduce(
          (total, { execution }) => total + (verdicts.get(execution?.key ?? '')?.score ?? 0),
          0,
        );
        const llmCalls = repeats.reduce((total, { execution }) => total + (execution?.llm_calls ?? 0), 0);
        return { mean: sum / plan.repeats, llmCalls };
      });
      queries.push({ queryIndex, queryId: query.id, group: groupOf(query, groupBy), scores });
    }
  }
  return queries;
}

function groupOf({ source, subject }: BatchCell['query'], groupBy: DatasetInput['groupBy']): string {
  return groupBy === 'source' || subject === '' ? source : `${source}/${subject}`;
}

type Group = Selection['groups'][number] & { readonly best: number | undefined };

function describeGroup(
  group: string,
  members: readonly ScoredQuery[],
  programs: readonly ProgramRef[],
): Group {
  const ranked = programs
    .map((program, index) => {
      const scores = members.map(({ scores: own }) => own[index] as Score);
      const sum = scores.reduce((total, { mean }) => total + mean, 0);
      return { program, index, sum, llmCalls: scores.reduce((total, { llmCalls }) => total + llmCalls, 0) };
    })
    .toSorted((a, b) => b.sum - a.sum || a.llmCalls - b.llmCalls || (a.program.id < b.program.id ? -1 : 1));
  const [first] = ranked;
  const solvedByNone = !first || first.sum === 0;
  return {
    group,
    queries: members.length,
    program: solvedByNone ? '' : first.program.id,
    meanScore: solvedByNone ? 0 : first.sum / members.length,
    best: solvedByNone ? undefined : first.index,
  };
}

function anySolver(query: ScoredQuery, seed: number): number | undefined {
  const solvers = query.scores.flatMap(({ mean }, index) => (isSolved(mean) ? [index] : []));
  if (solvers.length === 0) return undefined;
  return createRandom(`solver/${seed}/${query.queryId}`).pick(solvers);
}
