/** A pool in PostgreSQL, and a small dataset built from it: mixed sources, pinned version, the simulated models know its gold. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import {
  findQueryPool,
  listQueryPools,
  readPoolReport,
} from '../../../activities/dataset/query-pool/query-pools.ts';
import { type GivenQueries, saveQueryPool } from '../../../activities/dataset/query-pool/save-query-pool.ts';
import { createRandom } from '../../../activities/dataset/random.ts';
import { reachableBlobs } from '../../../activities/housekeeping/reachable-blobs.ts';
import { addressesOf } from '../../../activities/housekeeping/roots.ts';
import { type BlobFile, walkBlobs } from '../../../activities/storage/blob-files.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { plainQuery } from '../../support/plain-query.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

let stack: SimulatedStack;
beforeAll(async () => {
  stack = await simulatedStack();
});
afterAll(() => stack?.[Symbol.asyncDispose]());

const stories = (count: number): Query[] =>
  Array.from({ length: count }, (_, index) => {
    const [a, b] = [index + 3, 2 * index + 5];
    const names = ['Anna', 'Bernd', 'Chloe', 'Dev', 'Emil', 'Fay'];
    const things = ['pens', 'apples', 'coins', 'stamps', 'cards', 'shells'];
    const [name, thing] = [names[index % 6], things[(index * 5) % 6]];
    return plainQuery(
      `${name} has ${a} ${thing} and finds ${b} more. How many ${thing} does ${name} have?`,
      `${a + b}`,
    );
  });
const generated = generateQueries({ source: 'generated-train', seed: 9, count: 8 });

async function givenOf(source: string, queries: readonly Query[]): Promise<GivenQueries> {
  const sha256 = await stack.services.blobs.put(
    queries.map((query) => `${JSON.stringify(query)}\n`).join(''),
  );
  return { input: { source, queries: { sha256, count: queries.length } }, queries };
}

/** `turn`: in which order the queries come. */
async function save(name: string, { turn = 0, count = 6, against = [] as Query[] } = {}) {
  const { shuffle } = createRandom(`turn ${turn}`);
  return await saveQueryPool(stack.services, {
    ...{
      name,
      seed: 1,
      sample: { 'generated-train': 5 },
      nearJaccard: 0.8,
      maskNumbers: true,
      leaveOut: undefined,
    },
    inputs: await Promise.all(
      shuffle([['gsm8k', stories(count)] as const, ['generated-train', generated] as const]).map(
        ([source, queries]) => givenOf(source, shuffle(queries)),
      ),
    ),
    against: [await givenOf('gsm8k', against)],
  });
}

describe('query pools', () => {
  it('have the same version whatever the order of the files and their rows', async () => {
    const { pool, report } = await save('mixed');
    expect(report.queries).toEqual({ sha256: pool.version, count: 11 });
    for (const turn of [1, 2]) expect((await save('mixed', { turn })).pool.version).toBe(pool.version);
    const { database, blobs } = stack.services;
    const found = await findQueryPool(database, 'mixed', pool.version.slice(0, 8));
    expect(found).toMatchObject({ name: 'mixed', queries: 11, version: pool.version });
    expect((await readPoolReport(blobs, found)).counts).toEqual(report.counts);
    expect((await listQueryPools(database)).filter(({ name }) => name === 'mixed')).toHaveLength(1);
  });

  it('keep every version; the name means the one that was imported last', async () => {
    const { database } = stack.services;
    const first = await save('growing', { count: 4 });
    const second = await save('growing', { count: 5 });
    expect(second.pool.version).not.toBe(first.pool.version);
    expect(await findQueryPool(database, 'growing')).toMatchObject({ version: second.pool.version });
    await save('growing', { count: 4 });
    expect(await findQueryPool(database, 'growing')).toMatchObject({ version: first.pool.version });
    await expect(findQueryPool(database, 'growing', '')).resolves.toMatchObject({ queries: 9 });
    await expect(findQueryPool(database, 'growing', 'abcdef0123')).rejects.toThrow(
      /no version abcdef0123; it has/,
    );
    await expect(findQueryPool(database, "x'; drop table query_pools; --")).rejects.toMatchObject({
      type: 'Input.NotFound',
    });
    expect((await listQueryPools(database)).length).toBeGreaterThanOrEqual(2);
  });

  it('are kept by gc: queries, what the report names, and the imports', async () => {
    const { pool, report } = await save('kept');
    const files = new Map<string, BlobFile>();
    for await (const file of walkBlobs(join(stack.services.config.home, 'blobs')))
      files.set(file.sha256, file);
    const kept = await reachableBlobs(files, await addressesOf(stack.services.database));
    const named = [report.queries, report.others, ...report.inputs.map(({ queries }) => queries)];
    for (const sha256 of [pool.version, pool.report, ...named.map((blob) => blob.sha256)])
      expect(kept.has(sha256)).toBe(true);
  });

  it('are refused when nothing is left', async () => {
    const error = await save('empty', { against: [...stories(6), ...generated] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      type: 'Input.Invalid',
      message: expect.stringContaining('14 stand in evaluation sets'),
    });
    await expect(findQueryPool(stack.services.database, 'empty')).rejects.toMatchObject({
      type: 'Input.NotFound',
    });
  });
});

describe('buildDataset from a pool', () => {
  const request: DatasetRequest = { queries: [{ pool: 'mixed' }], programs: ['single', 'cot'], seed: 3 };
  const inputOf = async (name: string): Promise<{ queries: unknown }> => {
    const { database } = stack.services;
    const rows = database.selectFrom('runs').select('input').where('name', '=', name);
    return (await rows.executeTakeFirstOrThrow()).input as { queries: unknown };
  };

  it('takes queries of several sources, pins the version, and its simulated models know the gold', async () => {
    const { version } = (await save('mixed')).pool;
    const result = await stack.build(request, 'from-pool');
    expect(result).toMatchObject({ cells: 22, simulated: true });
    const bySource = new Map<string, number>();
    for (const { group, queries } of result.groups) {
      const [source = ''] = group.split('/');
      bySource.set(source, (bySource.get(source) ?? 0) + queries);
    }
    expect(Object.fromEntries(bySource)).toEqual({ gsm8k: 6, 'generated-train': 5 });
    const solved = result.groups.find(({ group }) => group.startsWith('gsm8k'));
    expect(solved?.meanScore).toBeGreaterThan(0);
    expect(await inputOf('from-pool')).toMatchObject({ queries: [{ pool: 'mixed', sha256: version }] });

    await save('mixed', { count: 3 });
    const pinned = await stack.build({ ...request, queries: [{ pool: 'mixed', sha256: version }] }, 'pinned');
    expect(pinned.files['sft.jsonl']).toBe(result.files['sft.jsonl']);
    const few = await stack.build({ ...request, queries: [{ pool: 'mixed', limit: 4 }] }, 'few');
    expect(few.cells).toBe(8);
    expect(await inputOf('few')).not.toMatchObject({ queries: [{ sha256: version }] });
  }, 240_000);
});
