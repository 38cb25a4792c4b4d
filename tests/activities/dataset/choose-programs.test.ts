/** Which program a group gets: the best over the group, ties by calls and name; without groups, one that solved the query. */
import { expect, it } from 'vitest';
import { type Choice, choosePrograms } from '../../../activities/dataset/choose-programs.ts';
import { addOutcome, emptyTable } from '../../../activities/dataset/choosing/score-table.ts';
import { type SelectionSettings, selectionSchema } from '../../../workflows/dataset/selection-contract.ts';

const programs = ['alpha', 'beta', 'gamma'].map((id, index) => ({ id, sha256: String(index).repeat(64) }));

/** One query on one program: right repeats, and the calls of each. */
interface Score {
  readonly sum: number;
  readonly llmCalls: number;
}
const score = (sum: number, llmCalls = 1): Score => ({ sum, llmCalls });

interface ChooseOptions {
  readonly repeats?: number;
  readonly interConsistency?: boolean;
  readonly solver?: 'random' | 'cheapest';
  readonly seed?: number;
  readonly settings?: Partial<SelectionSettings>;
  /** By position of the query. */
  readonly group?: (index: number) => string;
}

/** One array of scores per query, all of one group. A call is 100 tokens. */
function choose(
  rows: readonly (readonly Score[])[],
  given: ChooseOptions = {},
): Choice & { readonly ids: readonly string[] } {
  const { repeats = 1, interConsistency = true, solver = 'random', seed = 0, group = () => 'maths' } = given;
  const table = emptyTable(rows.length, programs.length, repeats);
  const groups = new Map<string, number[]>();
  for (const [query, scores] of rows.entries()) {
    groups.set(group(query), [...(groups.get(group(query)) ?? []), query]);
    for (const [program, { sum, llmCalls }] of scores.entries())
      for (let repeat = 0; repeat < repeats; repeat++)
        addOutcome(table, query, program, repeat, {
          ...{ score: repeat < sum ? 1 : 0, llmCalls },
          ...{ tokens: 100 * llmCalls, costUsd: 0 },
        });
  }
  const choice = choosePrograms({
    ...{ table, programs, groups, interConsistency, solver, seed },
    queryIds: rows.map((_, index) => `q${index}`),
    settings: selectionSchema.parse(given.settings ?? {}),
  });
  return { ...choice, ids: choice.selected.map(({ base }) => base.id) };
}

it('a group gets the program with the highest score, also where another solved a member of it', () => {
  const { ids, groups, selected } = choose([
    [score(0), score(1), score(1)],
    [score(1), score(1), score(0)],
    [score(0), score(1), score(0)],
    [score(1), score(0), score(0)],
  ]);
  expect(ids).toEqual(['beta', 'beta', 'beta', 'beta']);
  expect(groups).toEqual([{ group: 'maths', queries: 4, program: 'beta', meanScore: 0.75 }]);
  expect(selected.map(({ baseScore }) => baseScore)).toEqual([1, 1, 1, 0]);
});

it.each<[string, readonly Score[][], string]>([
  ['by fewer agent calls', [[score(1, 9), score(1, 5), score(1, 7)]], 'beta'],
  [
    'by calls over the whole group',
    [
      [score(1, 1), score(1, 3), score(1, 9)],
      [score(0, 9), score(0, 3), score(0, 9)],
    ],
    'beta',
  ],
  ['by name at equal calls', [[score(0, 1), score(1, 2), score(1, 2)]], 'beta'],
  ['never by calls where the score is higher', [[score(1, 100), score(0, 1), score(0, 1)]], 'alpha'],
])('ties end %s', (_name, rows, id) => {
  expect(choose(rows).groups[0]?.program).toBe(id);
});

it('equal sums over repeats tie, however they are spread', () => {
  // 0.1 + 0.2 is not 0.3: means would set these two apart.
  const rows = [
    [score(1, 4), score(3, 2), score(0)],
    [score(2, 4), score(0, 2), score(0)],
  ];
  const { groups } = choose(rows, { repeats: 10 });
  expect(groups).toEqual([{ group: 'maths', queries: 2, program: 'beta', meanScore: 0.15 }]);
});

it('groups are apart; one that no program solves is dropped and says so', () => {
  const rows = [
    [score(1), score(0), score(0)],
    [score(0), score(0), score(0)],
    [score(0), score(0), score(1)],
  ];
  const { selected, groups } = choose(rows, { group: (index) => `g${index}` });
  expect(selected.map(({ group, base }) => [group, base.id])).toEqual([
    ['g0', 'alpha'],
    ['g2', 'gamma'],
  ]);
  expect(groups[1]).toEqual({ group: 'g1', queries: 1, program: '', meanScore: 0 });
});

it('without inter-consistency each query gets one of its own solvers, by seed', () => {
  const rows = Array.from({ length: 30 }, (_, index) => [score(1), score(index % 2), score(0)]);
  const options = { interConsistency: false };
  const { ids, selected } = choose([...rows, [score(0), score(0), score(0)]], options);
  expect(ids).toHaveLength(30);
  expect(selected.every(({ baseScore }) => baseScore === 1)).toBe(true);
  expect(new Set(ids)).toEqual(new Set(['alpha', 'beta']));
  expect(ids.filter((_, index) => index % 2 === 0)).toEqual(Array(15).fill('alpha'));
  expect(choose(rows, options).ids).toEqual(ids);
  expect(choose(rows, { ...options, seed: 1 }).ids).not.toEqual(ids);
});

it('half of the repeats is not solved', () => {
  const rows = [[score(1), score(2), score(0)]];
  expect(choose(rows, { repeats: 2, interConsistency: false }).ids).toEqual(['beta']);
  expect(choose([[score(1), score(1), score(0)]], { repeats: 2, interConsistency: false }).ids).toEqual([]);
});

it('the cheapest solver is the other ablation', () => {
  const rows = [
    [score(1, 9), score(1, 5), score(1, 7)],
    [score(1, 9), score(0, 1), score(1, 7)],
  ];
  expect(choose(rows, { interConsistency: false, solver: 'cheapest' }).ids).toEqual(['beta', 'gamma']);
});

it('the cheapest program within one standard error wins where the input says so', () => {
  // beta solves one query more than gamma, for nine times the calls; alpha is cheaper still, and far worse.
  const rows = Array.from({ length: 40 }, (_, index) => [
    score(index < 10 ? 1 : 0, 1),
    score(index < 31 ? 1 : 0, 9),
    score(index >= 5 && index < 35 ? 1 : 0, 2),
  ]);
  expect(choose(rows).groups[0]?.program).toBe('beta');
  const cheaper = choose(rows, { settings: { rule: 'cheapestWithinOneError' } });
  expect(cheaper.groups[0]).toMatchObject({ program: 'gamma', meanScore: 0.75 });
  expect(cheaper.choices[0]?.chosen).toMatchObject({ why: 'cheaper', tied: 1 });
});
