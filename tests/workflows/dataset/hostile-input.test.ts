/** What buildDataset refuses: each at once, by type, with a message that names the field; and history holds references only. */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import { storeQueryPool } from '../../../activities/dataset/query-pool/query-pools.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

let stack: SimulatedStack;
let workers: AsyncDisposable;

beforeAll(async () => {
  stack = await simulatedStack();
  const pool = { name: 'mixed', version: 'b'.repeat(64), report: 'c'.repeat(64), queries: 1 };
  await storeQueryPool(stack.services.database, pool);
  workers = await stack.startWorkers();
});
afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
});

let started = 0;
/** What ended the run. */
async function failureOf(input: unknown): Promise<unknown> {
  const name = `${stack.taskQueue}-${(started += 1)}`;
  const handle = await stack.mas.dataset.start(input as DatasetRequest, { name });
  return handle.result().catch((thrown: unknown) => thrown);
}

const queries = [{ source: 'generated-train' }];
const absent = 'a'.repeat(64);

it.each<[string, unknown, string, string]>([
  ['an empty form', {}, 'Input.Invalid', 'queries'],
  ['null', null, 'Input.Invalid', 'queries'],
  ['a text', 'dataset', 'Input.Invalid', 'object'],
  ['a list', [], 'Input.Invalid', 'object'],
  ['no query source', { queries: [] }, 'Input.Invalid', 'queries'],
  ['an unknown source', { queries: [{ source: 'nope' }] }, 'Input.Invalid', 'queries.0.source'],
  [
    'an unknown source with a blob',
    { queries: [...queries, { source: 'nope', sha256: absent }] },
    'Input.Invalid',
    'queries.1.source',
  ],
  ['a benchmark without its file', { queries: [{ source: 'gsm8k' }] }, 'Input.Invalid', 'queries.0.sha256'],
  ['a path as source', { queries: [{ source: '../x' }] }, 'Input.Invalid', 'queries.0.source'],
  [
    'a blob that is not there',
    { queries: [{ source: 'gsm8k', sha256: absent }] },
    'Input.NotFound',
    'sha256',
  ],
  ['a pool that is not there', { queries: [{ pool: 'nope' }] }, 'Input.NotFound', 'queries.0.pool'],
  [
    'a version that its pool does not have',
    { queries: [...queries, { pool: 'mixed', sha256: absent }] },
    'Input.NotFound',
    'queries.1.pool',
  ],
  ['a path as pool', { queries: [{ pool: '../x' }] }, 'Input.Invalid', 'queries.0.pool'],
  ['a pool and a source', { queries: [{ pool: 'x', source: 'gsm8k' }] }, 'Input.Invalid', 'queries.0'],
  ['a path as blob', { queries: [{ source: 'gsm8k', sha256: '../../x' }] }, 'Input.Invalid', 'sha256'],
  ['a limit of 0', { queries: [{ source: 'generated', limit: 0 }] }, 'Input.Invalid', 'limit'],
  ['a limit beyond reason', { queries: [{ source: 'generated', limit: 1e9 }] }, 'Input.Invalid', 'limit'],
  ['NaN as a text', { queries: [{ source: 'generated', limit: 'NaN' }] }, 'Input.Invalid', 'limit'],
  ['an unknown program', { queries, programs: ['nobody'] }, 'Input.NotFound', 'nobody'],
  ['a path as program', { queries, programs: ['../x'] }, 'Input.Invalid', 'programs'],
  ['no programs', { queries, programs: [] }, 'Input.Invalid', 'programs'],
  ['an unknown driver', { queries, driver: 'nobody' }, 'Llm.UnknownModel', 'nobody'],
  ['an unknown refiner', { queries, refiner: 'nobody' }, 'Llm.UnknownModel', 'nobody'],
  ['an unknown field', { queries, outDirectory: '/' }, 'Input.Invalid', 'outDirectory'],
  ['an unknown switch', { queries, switches: { all: false } }, 'Input.Invalid', 'switches'],
  ['a seed that is no number', { queries, seed: 'NaN' }, 'Input.Invalid', 'seed'],
  ['a negative budget', { queries, maxCostUsd: -1 }, 'Input.Invalid', 'maxCostUsd'],
  ['repeats beyond reason', { queries, repeats: 1e9 }, 'Input.Invalid', 'repeats'],
  ['a grouping that is none', { queries, groupBy: 'colour' }, 'Input.Invalid', 'groupBy'],
])('refuses %s', async (_what, input, type, word) => {
  const error = await failureOf(input);
  expect(error).toMatchObject({ type, nonRetryable: true, message: expect.stringContaining(word) });
  expect((error as Error).message.length).toBeLessThan(2_000);
  expect((await stack.stats()).received).toBe(0);
});

it('refuses a blob that holds no queries, by its line', async () => {
  const [query] = generateQueries({ source: 'generated-train', seed: 0, count: 1 });
  const good = `${JSON.stringify({ ...query, source: 'rows' })}\n`;
  for (const [text, message] of [
    [`${good}{"messages": []}\n`, /rows: .*line 2/],
    ['no JSON\n', /rows: .*line 1/],
    ['', /rows: .*no query/],
    [`${good}${JSON.stringify(query)}\n`, /rows: .*line 2 is a query of generated-train/],
  ] as const) {
    const sha256 = await stack.services.blobs.put(text);
    const error = await failureOf({ queries: [{ source: 'rows', sha256 }] });
    expect(error).toMatchObject({ type: 'Input.Invalid', message: expect.stringMatching(message) });
  }
});

it('keeps queries, programs and replies out of history', async () => {
  const name = `${stack.taskQueue}-history`;
  const request = { queries: [{ source: 'generated-train', limit: 4 }], programs: ['single'], seed: 5 };
  await (await stack.mas.dataset.start(request, { name })).result();
  const history = historyToJSON(await stack.client.workflow.getHandle(`dataset/${name}`).fetchHistory());
  const payloads = [...history.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  expect(payloads.join('\n')).toContain('generated-train');
  for (const { text } of generateQueries({ source: 'generated-train', seed: 5, count: 4 }))
    expect(payloads.join('\n')).not.toContain(text.slice(0, 40));
  expect(payloads.join('\n')).not.toContain('class MAS');
  expect(Math.max(...payloads.map((payload) => payload.length))).toBeLessThan(4_096);
});
