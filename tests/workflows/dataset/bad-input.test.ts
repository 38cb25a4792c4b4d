/** Input that is allowed and bad: what cannot be used is left out and counted, and the dataset is built of the rest. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { Gold, Query } from '../../../workflows/shared/query.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const queries = [{ source: 'generated-train', limit: 8 }];
const bare: DatasetRequest = { queries, seed: 40, switches: { adaptation: false, reasoning: false } };

let stack: SimulatedStack;
beforeAll(async () => {
  stack = await simulatedStack();
});
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
});

const build = (request: DatasetRequest, name: string): Promise<DatasetResult> => stack.build(request, name);
const fileOf = ({ files }: DatasetResult, file: string): Promise<string> =>
  stack.services.blobs.getText(files[file] ?? '');

it('a program that always fails is never chosen, and its failures are counted', async () => {
  // It asks five times, and one call is allowed.
  const request = { ...bare, programs: ['cot', 'self-consistency'], limits: { maxCalls: 1 } };
  const result = await build(request, 'one-fails');
  expect(result).toMatchObject({ cells: 16 });
  expect(result.rows).toBeGreaterThan(0);
  for (const { program } of result.groups) expect(['cot', '']).toContain(program);
  const failed = await stack.services.database
    .selectFrom('executions')
    .select(['failure_kind', 'status'])
    .where('run', '=', 'dataset/one-fails')
    .where('status', '=', 'failed')
    .execute();
  expect(failed).toHaveLength(8);
}, 240_000);

it('groups that no program solves are dropped and counted, be it all', async () => {
  const request = { ...bare, programs: ['self-consistency'], limits: { maxCalls: 1 } };
  const result = await build(request, 'all-fail');
  expect(result).toMatchObject({ rows: 0, dropped: 8, cells: 8 });
  for (const group of result.groups) expect(group).toMatchObject({ program: '', meanScore: 0 });
  expect(await fileOf(result, 'sft.jsonl')).toBe('');
  const card = await fileOf(result, 'card.md');
  expect(card).toMatch(/no final program solves them \| 8 \|/);
  expect(card).toContain('none solved any');
}, 240_000);

it('k above the number of queries gives as many groups as there are queries', async () => {
  const request: DatasetRequest = { ...bare, groupBy: 'embedding', grouping: { k: 64 } };
  const result = await build({ ...request, programs: ['cot'] }, 'many-groups');
  expect(result.groups.length).toBeLessThanOrEqual(8);
  expect(result.groups.reduce((sum, group) => sum + group.queries, 0)).toBe(8);
  expect(result.rows + result.dropped).toBe(8);
}, 600_000);

it('queries without a gold, or with several, are not executed', async () => {
  const rows = generateQueries({ source: 'generated-train', seed: 41, count: 6 }).map((query) =>
    renamed(query),
  );
  const [first, second, third] = rows as [Query, Query, Query];
  const other = renamed(first, { kind: 'number', value: '-987654321' });
  const none = renamed(second, { kind: 'none' });
  const blob = (of: readonly Query[]): Promise<string> =>
    stack.services.blobs.put(of.map((query) => `${JSON.stringify(query)}\n`).join(''));
  const source = 'rows';
  const given = [
    { source, sha256: await blob([first, none, third, ...rows.slice(3)]) },
    // The same text in other words of space and case.
    { source, sha256: await blob([{ ...other, text: ` ${other.text.toUpperCase()}` }, third]) },
  ];
  const result = await build({ ...bare, queries: given, programs: ['cot'] }, 'two-golds');
  expect(result.unusable).toEqual({ withoutGold: 1, conflicts: 2 });
  expect(result.cells).toBe(4);
  const asked = await stack.services.database
    .selectFrom('executions')
    .select('query_id')
    .where('run', '=', 'dataset/two-golds')
    .execute();
  expect(asked.map(({ query_id: id }) => id).toSorted()).toEqual(
    [third, ...rows.slice(3)].map(({ id }) => id).toSorted(),
  );
  const card = await fileOf(result, 'card.md');
  expect(card).toMatch(/without a gold \| 1 \|/);
  expect(card).toMatch(/several golds \| 2 \|/);

  const failed = build(
    { ...bare, queries: [{ source, sha256: await blob([none]) }], programs: ['cot'] },
    'none',
  );
  await expect(failed).rejects.toMatchObject({
    type: 'Input.Invalid',
    message: expect.stringContaining('none of 1 can be used: 1 have no gold'),
  });
}, 240_000);

function renamed(query: Query, gold: Gold = query.gold): Query {
  const id = createHash('sha256')
    .update(JSON.stringify([query.text, gold]))
    .digest('hex')
    .slice(0, 32);
  return { ...query, source: 'rows', id, gold };
}
