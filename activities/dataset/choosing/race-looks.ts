/**
 * A race from look to look. Its sparse plan is its whole state: a group's blocks stand in the order of its looks, the first one
 * with all programs, each further one with those that go on; a program that is not in the last one has dropped out.
 */
import type { Block } from '../../../workflows/matrix/blocks.ts';
import type { Race } from '../../../workflows/dataset/selection-contract.ts';
import { survivors } from './race.ts';

export interface DroppedProgram {
  readonly program: number;
  /** The group's look that dropped it, from 1. */
  readonly look: number;
  /** Queries that it was executed on: the first of `seen`. */
  readonly queries: number;
}

/** How a group's race stands. */
export interface Standing {
  /** Blocks so far. */
  readonly looks: number;
  /** In the order in which they were executed. */
  readonly seen: readonly number[];
  /** Of them, those of the first block: all programs were executed there, whatever came of it. */
  readonly first: readonly number[];
  /** Programs that were executed on all of them. */
  readonly racing: readonly number[];
  readonly dropped: readonly DroppedProgram[];
}

/** By group. Groups that no block asks for are not there. */
export function standingsOf(
  blocks: readonly Block[],
  groups: ReadonlyMap<string, readonly number[]>,
): Map<string, Standing> {
  const groupOf = new Map<number, string>();
  for (const [group, members] of groups) for (const query of members) groupOf.set(query, group);
  const own = new Map<string, Block[]>();
  for (const block of blocks) {
    const group = groupOf.get(block.queries[0] as number);
    if (group === undefined) throw new RangeError('a block holds a query of no group');
    own.set(group, [...(own.get(group) ?? []), block]);
  }
  return new Map([...own].map(([group, looks]) => [group, standingOf(looks)]));
}

function standingOf(looks: readonly Block[]): Standing {
  const seen: number[] = [];
  const dropped: DroppedProgram[] = [];
  for (const [index, { queries, systems }] of looks.entries()) {
    seen.push(...queries);
    const next = looks[index + 1];
    for (const program of next ? systems : [])
      if (!next?.systems.includes(program)) dropped.push({ program, look: index + 1, queries: seen.length });
  }
  return {
    looks: looks.length,
    seen,
    first: looks[0]?.queries ?? [],
    racing: looks.at(-1)?.systems ?? [],
    dropped,
  };
}

/** Numbers of queries at which a group of so many is looked at; the last is all of them, where nothing is decided any more. */
export function lookPoints(all: number, { looks, leastQueries }: Race): number[] {
  const points = Array.from({ length: looks }, (_, look) => Math.round((all * (look + 1)) / looks));
  return [...new Set(points)].filter((point) => point === all || (point >= leastQueries && point < all));
}

/** Whether the next look of a group needs scores: it is neither the first nor is the race decided. */
export function isOpen({ seen, racing }: Standing, all: number): boolean {
  return racing.length > 1 && seen.length < all;
}

export interface NextLook {
  /** [query][program]; NaN where a program was not executed. */
  readonly means: Float64Array;
  readonly programs: number;
  /** Each group's queries in the order of its race. */
  readonly orders: ReadonlyMap<string, readonly number[]>;
  /** All of which is executed. */
  readonly blocks: readonly Block[];
  readonly settings: Race;
}

/** What each group executes next; empty when all of them are through. The only program left gets all that is left at once. */
export function nextBlocks({ means, programs, orders, blocks, settings }: NextLook): Block[] {
  const standings = standingsOf(blocks, orders);
  const everyone = Array.from({ length: programs }, (_, program) => program);
  return [...orders].flatMap(([group, order]): Block[] => {
    const { length: all } = order;
    const { seen, racing: before } = standings.get(group) ?? { seen: [], racing: everyone };
    if (seen.length >= all) return [];
    const state = { means, programs, seen, all, racing: before };
    const racing = seen.length === 0 ? everyone : survivors(state, settings);
    const point = lookPoints(all, settings).find((next) => next > seen.length);
    const until = racing.length < 2 ? all : (point ?? all);
    const queries = order.slice(seen.length, until).toSorted((a, b) => a - b);
    return [{ queries, systems: [...racing] }];
  });
}
