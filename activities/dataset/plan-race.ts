/**
 * One round of the adaptive matrix: after the scores of all that the race has asked for, the next part of every group's queries
 * on the programs that go on. The plan of all rounds is the race's whole state.
 */
import { createHash } from 'node:crypto';
import type { DatasetActivities, DatasetInput } from '../../workflows/dataset/contract.ts';
import type { RaceInput, RacePlan } from '../../workflows/dataset/selection-contract.ts';
import type { Block } from '../../workflows/matrix/blocks.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { isOpen, nextBlocks, type Standing, standingsOf } from './choosing/race-looks.ts';
import { meansOf } from './choosing/score-table.ts';
import { readGroups, readTable, type SelectParts } from './select-programs.ts';

export function createPlanRace(parts: SelectParts): DatasetActivities['planRace'] {
  return async (
    input: DatasetInput,
    { plan: sha256, groups: grouping, raced }: RaceInput,
  ): Promise<RacePlan> => {
    const settings = input.selection.race;
    if (!settings) throw new TypeError('only a run with `selection.race` races');
    const { plan, queries, groups } = await readGroups(parts, raced ?? sha256, input, grouping);
    const orders = new Map(
      [...groups].map(([group, members]) => [group, raceOrder(members, queries, input.seed)]),
    );
    const { blocks = [] } = plan;
    const table = await readTable(parts, { ...plan, blocks: undecided(blocks, orders) }, queries);
    const { length: programs } = plan.systems;
    const next = nextBlocks({ means: meansOf(table), programs, orders, blocks, settings });
    const round: Plan | undefined = next.length === 0 ? undefined : { ...plan, blocks: next };
    const whole: Plan = { ...plan, blocks: [...blocks, ...next] };
    const standings = standingsOf(whole.blocks ?? [], orders);
    const perPair = plan.drivers.length * plan.repeats;
    const cells = cellCount(whole);
    return {
      look: Math.max(0, ...[...standings.values()].map(({ looks }) => looks)),
      round: round ? { plan: await parts.blobs.put(canonicalJson(round)), cells: cellCount(round) } : null,
      raced: await parts.blobs.put(canonicalJson(whole)),
      ...{ cells, mostCells: cells + perPair * pairsLeft(standings, orders) },
    };
  };
}

/** By hash of seed and query: the same whatever else is in the group, so that more queries change little of it. */
export function raceOrder(members: readonly number[], queries: readonly Query[], seed: number): number[] {
  const rank = (query: number): string =>
    createHash('sha256').update(`race/${seed}/${queries[query]?.id}`).digest('hex');
  return members
    .map((query) => ({ query, rank: rank(query) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.query - b.query))
    .map(({ query }) => query);
}

type Orders = ReadonlyMap<string, readonly number[]>;

/** The cells that the next look rests on: the queries seen by the programs that go on. */
function undecided(blocks: readonly Block[], orders: Orders): Block[] {
  return [...standingsOf(blocks, orders)].flatMap(([group, standing]) => {
    const { seen, racing } = standing;
    return isOpen(standing, orders.get(group)?.length ?? 0)
      ? [{ queries: [...seen], systems: [...racing] }]
      : [];
  });
}

function pairsLeft(standings: ReadonlyMap<string, Standing>, orders: Orders): number {
  return [...standings].reduce(
    (sum, [group, { seen, racing }]) =>
      sum + ((orders.get(group)?.length ?? 0) - seen.length) * racing.length,
    0,
  );
}
