/** The stored scores of the matrix become a selection: which program each query goes on with, and a report of why. */
import { Context } from '@temporalio/activity';
import type { DatasetActivities, DatasetInput } from '../../workflows/dataset/contract.ts';
import {
  earlierSelection,
  type FurtherScores,
  type Groups,
  groupsSchema,
  leaderCellsSchema,
} from '../../workflows/dataset/selection-contract.ts';
import type { Plan } from '../../workflows/matrix/contract.ts';
import { type Query, querySchema } from '../../workflows/shared/query.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { choosePrograms } from './choose-programs.ts';
import type { LeaderCells } from './choosing/leaders.ts';
import { type Standing, standingsOf } from './choosing/race-looks.ts';
import type { ScoreTable } from './choosing/score-table.ts';
import { groupQueries } from './group-by.ts';
import { programsOf, readScoreTable, type ScoreParts } from './read-score-table.ts';
import { readLines, writeLines } from './selection.ts';
import { reportSelection } from './report-selection.ts';

export type SelectParts = ScoreParts & { readonly blobs: Blobs };

export function createSelectPrograms(parts: SelectParts): DatasetActivities['selectPrograms'] {
  return async (planSha256, input, more = {}) => {
    const scored = await readScores(parts, planSha256, input, more);
    const { plan, queries, groups, clustered, table, races } = scored;
    const settings = input.selection ?? earlierSelection;
    const { seed, switches } = input;
    const choice = choosePrograms({
      ...{ table, groups, races, settings, seed },
      programs: programsOf(plan),
      queryIds: queries.map(({ id }) => id),
      interConsistency: switches.interConsistency,
      solver: switches.withoutInterConsistency ?? 'random',
    });
    const dropped = queries.length - choice.selected.length;
    const report = await reportSelection({ input, settings, plan, table, choice, clustered, dropped });
    return {
      selection: await writeLines(parts.blobs, choice.selected),
      queries: choice.selected.length,
      dropped,
      groups: choice.groups,
      report: await parts.blobs.put(canonicalJson(report)),
    };
  };
}

export interface GroupedPlan {
  readonly plan: Plan;
  readonly queries: readonly Query[];
  readonly groups: ReadonlyMap<string, readonly number[]>;
  readonly clustered: Groups | undefined;
}

export interface ScoredPlan extends GroupedPlan {
  readonly table: ScoreTable;
  /** By group; undefined when the matrix is full. */
  readonly races: ReadonlyMap<string, Standing> | undefined;
}

export async function readScores(
  parts: SelectParts,
  planSha256: string,
  input: DatasetInput,
  { groups: grouping, leaders = [] }: FurtherScores,
): Promise<ScoredPlan> {
  const grouped = await readGroups(parts, planSha256, input, grouping);
  const { plan, queries, groups } = grouped;
  const rounds = await Promise.all(leaders.map((cells) => readLines(parts.blobs, cells, leaderCellsSchema)));
  return {
    ...grouped,
    table: await readTable(parts, plan, queries, rounds.flat()),
    races: plan.blocks && standingsOf(plan.blocks, groups),
  };
}

/** `grouping`: blob of `groupsSchema`; absent when the metadata group. */
export async function readGroups(
  { blobs }: SelectParts,
  planSha256: string,
  input: DatasetInput,
  grouping: string | undefined,
): Promise<GroupedPlan> {
  const plan = await createPlanReader(blobs).plan(planSha256);
  const queries = await readLines(blobs, plan.queries, querySchema);
  const clustered =
    grouping === undefined ? undefined : groupsSchema.parse(JSON.parse(await blobs.getText(grouping)));
  return { plan, queries, clustered, groups: groupQueries(queries, input.groupBy, clustered) };
}

export function readTable(
  parts: SelectParts,
  plan: Plan,
  queries: readonly Query[],
  leaders: readonly LeaderCells[] = [],
): Promise<ScoreTable> {
  const signal = Context.current().cancellationSignal;
  return readScoreTable(parts, { plan, queries, leaders, signal });
}
