/** A race from look to look: who goes on, what is executed next, and that its plan alone tells how it stands. */
import { expect, it } from 'vitest';
import { choosePrograms } from '../../../../activities/dataset/choose-programs.ts';
import { lookPoints, nextBlocks, standingsOf } from '../../../../activities/dataset/choosing/race-looks.ts';
import { addOutcome, emptyTable, meansOf } from '../../../../activities/dataset/choosing/score-table.ts';
import { raceSchema, selectionSchema } from '../../../../workflows/dataset/selection-contract.ts';
import type { Block } from '../../../../workflows/matrix/blocks.ts';

const settings = raceSchema.parse({});
const programs = 4;
const ids = ['a', 'b', 'c', 'd'];

/** Executes what a race asks for; `right` says which programs solve a query. */
function race(
  groups: ReadonlyMap<string, readonly number[]>,
  right: (query: number, program: number) => boolean,
) {
  const queries = [...groups.values()].flat().length;
  const table = emptyTable(queries, programs, 1);
  const blocks: Block[] = [];
  for (;;) {
    const next = nextBlocks({ means: meansOf(table), programs, orders: groups, blocks, settings });
    if (next.length === 0) return { table, blocks };
    for (const { queries: asked, systems } of next)
      for (const query of asked)
        for (const program of systems)
          addOutcome(table, query, program, 0, {
            ...{ score: right(query, program) ? 1 : 0, llmCalls: program === 0 ? 9 : 1 },
            ...{ tokens: 10, costUsd: 0 },
          });
    blocks.push(...next);
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

it('looks at equal parts, not before the least queries, and for the last time at the end', () => {
  expect(lookPoints(200, settings)).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
  expect(lookPoints(24, settings)).toEqual([17, 19, 22, 24]);
  expect(lookPoints(16, settings)).toEqual([16]);
  expect(lookPoints(3, settings)).toEqual([3]);
});

it('programs that cannot lead drop out, the others see every query, and the plan tells who dropped when', () => {
  const groups = new Map([
    ['far', range(0, 100)],
    ['near', range(100, 140)],
  ]);
  // In the first group a is right on all, b never, c and d on every other query; in the second all are always right.
  const { table, blocks } = race(
    groups,
    (query, program) => query >= 100 || program === 0 || (program > 1 && query % 2 === program - 2),
  );
  const standings = standingsOf(blocks, groups);
  const far = standings.get('far');
  expect(far?.racing).toEqual([0]);
  expect(far?.seen.toSorted((a, b) => a - b)).toEqual(range(0, 100));
  expect(far?.first).toHaveLength(20);
  for (const { program, look, queries } of far?.dropped ?? []) {
    expect(queries).toBeLessThan(100);
    expect(queries % 10).toBe(0);
    const executed = range(0, 100).filter((query) => table.executed[query * programs + program] === 1);
    expect(new Set(executed)).toEqual(new Set(far?.seen.slice(0, queries)));
    expect(look).toBeLessThanOrEqual(far?.looks ?? 0);
  }
  expect(far?.dropped.map(({ program }) => program).toSorted()).toEqual([1, 2, 3]);
  // The only one left gets the rest of the queries in one block.
  expect(blocks.filter(({ systems }) => systems.length === 1)).toHaveLength(1);

  const near = standings.get('near');
  expect(near).toMatchObject({ racing: [0, 1, 2, 3], dropped: [] });

  // By calls alone nobody drops out: a, with nine times the calls, is in the tie at the end, and loses it there.
  const choice = choosePrograms({
    ...{ table, groups, races: standings, interConsistency: true, seed: 0 },
    programs: ids.map((id) => ({ id, sha256: id.repeat(64) })),
    queryIds: range(0, 140).map(String),
    settings: selectionSchema.parse({}),
  });
  expect(choice.groups.map(({ program }) => program)).toEqual(['a', 'b']);
  expect(choice.choices[0]?.ranked.map(({ program }) => program)).toEqual([0]);
});

it('a program that dropped out is not chosen, whatever its cells say', () => {
  const groups = new Map([['one', range(0, 100)]]);
  // a is right in the first 40 queries, b in the first 39 only: from there on nobody is right, and b has fewer calls.
  const { table, blocks } = race(groups, (query, program) => program < 2 && query < 40 - program);
  const races = new Map([['one', { ...standingsOf(blocks, groups).get('one')!, racing: [0] }]]);
  table.scores[40 * programs + 1] = 1;
  const choice = choosePrograms({
    ...{ table, groups, races, interConsistency: true, seed: 0 },
    programs: ids.map((id) => ({ id, sha256: id.repeat(64) })),
    queryIds: range(0, 100).map(String),
    settings: selectionSchema.parse({}),
  });
  expect(choice.groups[0]).toMatchObject({ program: 'a' });
});

it('groups below the least queries are executed as a whole', () => {
  const groups = new Map([['small', range(0, 9)]]);
  expect(race(groups, (_, program) => program === 0).blocks).toEqual([
    { queries: range(0, 9), systems: [0, 1, 2, 3] },
  ]);
});
