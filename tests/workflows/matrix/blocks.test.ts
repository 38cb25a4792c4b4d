/** Sparse plans: every asked cell once, in order, and nothing else; a plan without blocks is what it was. */
import { expect, it } from 'vitest';
import { canonicalJson } from '../../../activities/storage/canonical-json.ts';
import { type Block, pairAt, pairCount } from '../../../workflows/matrix/blocks.ts';
import { cellAt, cellCount, type Plan, planSchema } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';

const systems = ['a', 'b', 'c'].map((id) => ({
  ...{ kind: 'program' as const, id },
  program: { id, sha256: '0'.repeat(64) },
}));
const dense = planSchema.parse({
  ...{ v: 1, queries: '1'.repeat(64), queryCount: 5, systems, drivers: ['one', 'two'], repeats: 2 },
  ...{ seed: 0, tenant: 'default', limits: limitsSchema.parse({}) },
});
const blocks: Block[] = [
  { queries: [0, 3], systems: [0, 1, 2] },
  { queries: [4], systems: [2] },
  { queries: [1, 2], systems: [0, 2] },
];
const sparse: Plan = { ...dense, blocks };

const cellsOf = (plan: Plan) => Array.from({ length: cellCount(plan) }, (_, index) => cellAt(plan, index));

it('asks for the cells of its blocks, each once, block by block and query by query', () => {
  expect(pairCount(blocks)).toBe(11);
  expect(
    blocks.flatMap((block) => block.queries.flatMap((query) => block.systems.map((s) => [query, s]))),
  ).toEqual(Array.from({ length: 11 }, (_, index) => Object.values(pairAt(blocks, index))));
  const cells = cellsOf(sparse);
  expect(cells).toHaveLength(44);
  expect(new Set(cells.map((cell) => JSON.stringify(cell))).size).toBe(44);
  expect(cells.slice(0, 4).map(({ driver, repeat }) => [driver, repeat])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const queries = cells.map(({ query }) => query);
  expect([...new Set(queries)]).toEqual([0, 3, 4, 1, 2]);
  expect(queries).toEqual([0, 3, 4, 1, 2].flatMap((query) => queries.filter((other) => other === query)));
});

it('blocks that hold everything are the full matrix', () => {
  const all = { ...dense, blocks: [{ queries: [0, 1, 2, 3, 4], systems: [0, 1, 2] }] };
  expect(cellsOf(all)).toEqual(cellsOf(dense));
});

it('a plan without blocks reads and hashes as before', () => {
  const text = canonicalJson(dense);
  expect(text).not.toContain('blocks');
  expect(canonicalJson(planSchema.parse(JSON.parse(text)))).toBe(text);
});

it('refuses positions that there are not', () => {
  for (const block of [
    { queries: [5], systems: [0] },
    { queries: [0], systems: [3] },
  ])
    expect(planSchema.safeParse({ ...dense, blocks: [block] }).success).toBe(false);
  expect(() => pairAt(blocks, 11)).toThrow(RangeError);
});
