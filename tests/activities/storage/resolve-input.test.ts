/** The first step of a run: raw input to resolved input, with errors a person can act on. */
import { expect, test } from 'vitest';
import { createResolveInput, nameOf } from '../../../activities/storage/resolve-input.ts';
import { createRuns } from '../../../activities/storage/runs.ts';
import { showRun } from '../../../activities/storage/list-runs.ts';
import { answerInputSchema } from '../../../workflows/answer/contract.ts';
import { namePattern } from '../../../workflows/shared/names.ts';
import type { RunIdentity } from '../../../workflows/shared/run-input.ts';
import { freshDatabase } from '../../support/environment.ts';

const identity: RunIdentity = {
  namespace: 'default',
  kind: 'answer',
  workflowId: 'answer/first',
  runId: 'r1',
  firstRunId: 'r1',
};
const example = { query: 'What is 7 times 6?' };

test('defaults, the prepared input and the claim; the same again attaches to the same row', async () => {
  await using fresh = await freshDatabase();
  const runs = createRuns({ database: fresh.database, askStatus: async () => 'open' });
  const resolve = createResolveInput({
    kind: 'answer',
    schema: answerInputSchema,
    example,
    runs,
    prepare: (input) => ({ ...input, generator: input.generator ?? 'tiny' }),
  });
  const resolved = await resolve({ query: 'a', maxTokens: 9 }, identity);
  expect(resolved).toMatchObject({ name: 'first', run: 'answer/first', tenant: 'default' });
  expect(resolved.input).toMatchObject({ query: 'a', generator: 'tiny', seed: 0, driver: 'sim-driver' });
  expect(await resolve({ query: 'a', maxTokens: 9 }, identity)).toEqual(resolved);
  expect(await showRun(fresh.database, 'default', 'answer/first')).toMatchObject({
    state: 'running',
    workflowId: 'answer/first',
  });
  const budget = await fresh.database.selectFrom('budgets').selectAll().executeTakeFirstOrThrow();
  expect(budget).toMatchObject({ level: 'default/answer/first', max_tokens: 9, max_cost_usd: null });
});

test.each([
  ['an empty start form', undefined, /query: .*got nothing.*Example: \{"query":"What is 7 times 6\?"\}/],
  ['null', null, /query/],
  ['a text', 'hello', /the input: .*got "hello"/],
  ['a list', [1], /the input/],
  ['a wrong type', { query: 5 }, /query: .*got 5/],
  ['an unknown field', { query: 'a', qurey: 'b' }, /qurey/],
  ['a path as a name', { query: 'a', name: '../etc' }, /name: a name: a-z.*got "\.\.\/etc"/],
  ['a nested field', { query: 'a', limits: { maxCalls: 0 } }, /limits\.maxCalls: .*got 0/],
  ['a huge value', { query: 'a', driver: 'x'.repeat(5_000) }, /got "x{79}…/],
  ['a prototype', JSON.parse('{"__proto__": {"query": "a"}}'), /query|__proto__/],
])('%s ends the run at once, with field, value and example', async (_what, raw, expected) => {
  await using fresh = await freshDatabase();
  const runs = createRuns({ database: fresh.database, askStatus: async () => 'open' });
  const resolve = createResolveInput({ kind: 'answer', schema: answerInputSchema, example, runs });
  const thrown = await resolve(raw, identity).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ type: 'Input.Invalid', nonRetryable: true });
  expect((thrown as Error).message).toMatch(expected);
  expect((thrown as Error).message.length).toBeLessThan(2_000);
});

test('a workflow id gives the name, or is made into one', () => {
  expect(nameOf('answer/q-17')).toBe('q-17');
  expect(nameOf('plain')).toBe('plain');
  for (const id of ['answer/', 'Answer Me/ÄÖ', 'answer/../../etc', 'x'.repeat(900), 'evaluation/a/b']) {
    expect(nameOf(id)).toMatch(namePattern);
  }
  expect(nameOf('answer/A b')).not.toBe(nameOf('answer/a-b'));
});
