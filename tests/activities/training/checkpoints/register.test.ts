/** What a `save` event makes: a verified checkpoint, or one that is told why it is none. Events and files are foreign. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifiedSteps } from '../../../../activities/training/checkpoints.ts';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { manifestDigest } from '../../../../activities/training/manifest.ts';
import {
  type CheckpointFiles,
  checkpointFiles,
  commandRecipe,
  hfFiles,
  safetensors,
  sftRecipe,
} from '../../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../../support/environment.ts';

let fresh: FreshDatabase;
let at: CheckpointFiles;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh[Symbol.asyncDispose]());
const open = async (recipe = sftRecipe()): Promise<void> => {
  at = await checkpointFiles(fresh.database, recipe);
};
beforeEach(() => open());
afterEach(() => at[Symbol.asyncDispose]());

const rowOf = async (step: number) => (await checkpointRows(at.scope)).find((row) => row.step === step);
const sizesOf = (step: number, names = Object.keys(hfFiles(step))) =>
  names.map((path) => ({ path, size: Buffer.from(hfFiles(step)[path] ?? '').length }));

it('vouches for every file in the database, with the manifest outside of the directory', async () => {
  await at.write(10, { files: { 'deep/more.txt': 'x' } });
  expect(await at.register(10, { metrics: { loss: 0.5 } })).toEqual({ kind: 'verified' });
  const row = await rowOf(10);
  expect(row).toMatchObject({ state: 'verified', worldSize: 1, metrics: { loss: 0.5 }, pending: null });
  const { manifest } = row ?? {};
  expect(manifest).toMatchObject({
    v: 1,
    step: 10,
    epoch: 1,
    finite: true,
    configSha: 'config',
    dataSha: 'data',
    versions: { torch: '2' },
  });
  expect(manifest?.files.map(({ path }) => path)).toEqual(
    [...Object.keys(hfFiles(10)), 'deep/more.txt'].toSorted(),
  );
  expect(row?.bytes).toBe(manifest?.files.reduce((sum, { size }) => sum + size, 0));
  const written: unknown = JSON.parse(
    await readFile(join(at.scope.root, 'tested', 'manifests', '10.1.json'), 'utf8'),
  );
  expect(manifestDigest(written)).toBe(row?.digest);
  // A second watch of the same event decides nothing anew.
  expect(await at.register(10)).toEqual({ kind: 'known' });
  expect(await verifiedSteps(at.scope)).toEqual([10]);
});

it.each<[string, Record<string, string | Buffer | null>, string]>([
  [
    'no weights',
    { 'model.safetensors': null },
    'model.safetensors or model.safetensors.index.json or adapter_model.safetensors is missing',
  ],
  ['no optimizer', { 'optimizer.pt': null }, 'optimizer.pt is missing'],
  ['an empty optimizer', { 'optimizer.pt': '' }, 'optimizer.pt is missing'],
  ['no scheduler', { 'scheduler.pt': null }, 'scheduler.pt is missing'],
  ['no random numbers', { 'rng_state.pth': null }, 'rng_state.pth is missing'],
  ['no state', { 'trainer_state.json': null }, 'trainer_state.json is missing'],
  [
    'another step',
    { 'trainer_state.json': '{"global_step":9}' },
    'trainer_state.json says step 9, the save event 10',
  ],
  [
    'a torn state',
    { 'trainer_state.json': '{"global_st' },
    'trainer_state.json says no step, the save event 10',
  ],
  [
    'a state that is null',
    { 'trainer_state.json': 'null' },
    'trainer_state.json says no step, the save event 10',
  ],
  [
    'NaN in the weights',
    { 'model.safetensors': safetensors([1, Number.NaN]) },
    'model.safetensors: tensor w is not finite',
  ],
  [
    'a torn model',
    { 'model.safetensors': safetensors([1, 2]).subarray(0, -3) },
    'model.safetensors: tensor w lies outside the file',
  ],
  [
    'an adapter with an infinity',
    { 'adapter_model.safetensors': safetensors([Infinity]) },
    'adapter_model.safetensors: tensor w is not finite',
  ],
  [
    'a shard that is not there',
    {
      'model.safetensors': null,
      'model.safetensors.index.json': '{"weight_map":{"a":"model-1.safetensors"}}',
    },
    'model-1.safetensors is missing',
  ],
  [
    'an index that is none',
    { 'model.safetensors.index.json': '[]' },
    'model.safetensors.index.json is not readable',
  ],
])('%s is no checkpoint', async (_name, files, reason) => {
  await at.write(10, { files });
  expect(await at.register(10)).toEqual({ kind: 'quarantined', reason });
  expect(await rowOf(10)).toMatchObject({ state: 'quarantined', reason, digest: null });
  expect(await verifiedSteps(at.scope)).toEqual([]);
});

it.each<[string, Record<string, string | Buffer | null>]>([
  ['an adapter', { 'model.safetensors': null, 'adapter_model.safetensors': safetensors([1]) }],
  [
    'shards',
    {
      'model.safetensors': null,
      'model-1.safetensors': safetensors([1]),
      'model.safetensors.index.json': '{"weight_map":{"a":"model-1.safetensors"}}',
    },
  ],
])('%s in place of the model will do', async (_name, files) => {
  await at.write(10, { files });
  expect(await at.register(10)).toEqual({ kind: 'verified' });
});

describe('places that events name', () => {
  it.each<[string, () => string | Promise<string>, string | RegExp]>([
    ['elsewhere', () => '/etc', /^its directory lies outside of the output of attempt 1$/],
    ['above', () => `${at.output(1)}/../../../secrets`, 'its directory is not a plain absolute path'],
    ['relative', () => 'checkpoint-10', 'its directory is not a plain absolute path'],
    ['the output itself', () => at.output(1), /outside of the output/],
    ['the parts', () => join(at.output(1), 'parts'), /outside of the output/],
    ['another attempt', () => at.write(10, { epoch: 2 }), /outside of the output/],
    ['nothing', () => join(at.output(1), 'checkpoint-99'), 'the directory is missing'],
    [
      'a file',
      async () => {
        await at.write(10);
        return join(at.output(1), 'checkpoint-10', 'config.json');
      },
      'its directory is none',
    ],
    [
      'a link',
      async () => {
        const directory = await at.write(10);
        await rename(directory, join(at.scope.root, 'elsewhere'));
        await symlink(join(at.scope.root, 'elsewhere'), directory);
        return directory;
      },
      'its directory is none',
    ],
    [
      'below a link',
      async () => {
        await at.write(10);
        await symlink(at.output(1), join(at.output(1), 'up'));
        return join(at.output(1), 'up', 'checkpoint-10');
      },
      'its directory is reached through a link',
    ],
  ])('%s', async (_name, place, reason) => {
    const found = await at.register(10, { directory: await place() });
    expect(found).toEqual({ kind: 'quarantined', reason: expect.stringMatching(reason) as string });
    expect(await verifiedSteps(at.scope)).toEqual([]);
  });

  it('files that are links or pipes are refused, and nothing waits for them', async () => {
    const directory = await at.write(10);
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    expect(await at.register(10)).toMatchObject({
      kind: 'quarantined',
      reason: expect.stringContaining('pipe is neither a file nor a directory') as string,
    });
    await symlink('/etc/passwd', join(await at.write(20), 'linked'));
    expect(await at.register(20)).toMatchObject({
      kind: 'quarantined',
      reason: expect.stringContaining('linked is neither a file nor a directory') as string,
    });
  });

  it('steps and ranks out of range make no row', async () => {
    for (const saved of [
      { step: -1 },
      { step: 1.5 },
      { step: 1_001 },
      { worldSize: 0 },
      { worldSize: 5_000 },
      { directory: 'x'.repeat(5_000) },
    ])
      expect((await at.register(10, saved)).kind).toBe('quarantined');
    expect(await checkpointRows(at.scope)).toEqual([]);
  });
});

describe('parts of ranks', () => {
  const [zero, one] = [
    Object.keys(hfFiles(10)).filter((name) => name !== 'rng_state.pth'),
    ['rng_state_1.pth'],
  ];
  const ofTwo = async (): Promise<void> => {
    await at[Symbol.asyncDispose]();
    await open(sftRecipe({ distributed: { launch: 'torchrun', ranks: 2 } }));
    await at.write(10, { files: { 'rng_state.pth': null, 'rng_state_0.pth': 'r', 'rng_state_1.pth': 'r' } });
  };
  const rngs = (rank: number) => ({ path: `rng_state_${rank}.pth`, size: 1 });
  const event = (rank: number) => ({ worldSize: 2, parts: [join(at.output(1), 'parts', `10.${rank}.json`)] });

  it('a save counts when the last rank has signed its part', async () => {
    await ofTwo();
    await at.writePart(10, 1, 2, [rngs(1)]);
    expect(await at.register(10, event(1))).toEqual({ kind: 'waiting', missing: [0] });
    expect(await rowOf(10)).toMatchObject({ state: 'saved', worldSize: 2 });
    await at.writePart(10, 0, 2, [...sizesOf(10, zero), rngs(0)]);
    expect(await at.register(10, event(0))).toEqual({ kind: 'verified' });
    expect((await rowOf(10))?.manifest).toMatchObject({ worldSize: 2 });
    expect(one).toEqual([rngs(1).path]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a file in no part',
      () => writeFile(join(at.output(1), 'checkpoint-10', 'stray'), 'x'),
      "stray is in no rank's part",
    ],
    [
      'a file of another size',
      () => writeFile(join(at.output(1), 'checkpoint-10', 'rng_state_1.pth'), 'longer'),
      'rng_state_1.pth has 6 bytes, rank 1 wrote 1',
    ],
    [
      'a file that is gone',
      () => rm(join(at.output(1), 'checkpoint-10', 'config.json')),
      'config.json of rank 0 is missing',
    ],
    [
      'a file in two parts',
      () => at.writePart(10, 1, 2, [rngs(1), rngs(0)]),
      'rng_state_0.pth is in the parts of rank 0 and rank 1',
    ],
    ['a part of another world', () => at.writePart(10, 1, 3, [rngs(1)]), 'the part of rank 1 is not valid'],
    [
      'a part that climbs',
      () => at.writePart(10, 1, 2, [{ path: '../../x', size: 1 }]),
      'the part of rank 1 is not valid',
    ],
    [
      'a part that is torn',
      () => writeFile(join(at.output(1), 'parts', '10.1.json'), '{"v":1'),
      'the part of rank 1 is not valid',
    ],
    [
      'a part that is a directory',
      async () => {
        await rm(join(at.output(1), 'parts', '10.1.json'));
        await mkdir(join(at.output(1), 'parts', '10.1.json'));
      },
      'the part of rank 1 is not valid',
    ],
  ])('%s', async (_name, spoil, reason) => {
    await ofTwo();
    await at.writePart(10, 0, 2, [...sizesOf(10, zero), rngs(0)]);
    await at.writePart(10, 1, 2, [rngs(1)]);
    await spoil();
    expect(await at.register(10, event(0))).toEqual({ kind: 'quarantined', reason });
  });

  it('two directories of one step are none', async () => {
    await ofTwo();
    await at.writePart(10, 0, 2, []);
    expect(await at.register(10, event(0))).toEqual({ kind: 'waiting', missing: [1] });
    const found = await at.register(10, { ...event(1), directory: join(at.output(1), 'other') });
    expect(found).toEqual({
      kind: 'quarantined',
      reason: 'two save events of this step name different directories',
    });
  });
});

describe('layouts', () => {
  const part = (rank: number): string => `__${rank}_0.distcp`;

  it('DCP: an index that names the optimizer, and the shards of every rank', async () => {
    await at[Symbol.asyncDispose]();
    await open(commandRecipe({ layout: 'dcp', distributed: { launch: 'torchrun', ranks: 2 } }));
    const none = Object.fromEntries(Object.keys(hfFiles(1)).map((name) => [name, null]));
    const state = { 'trainer_state.json': '{"global_step":10}' };
    const files = { ...none, ...state, '.metadata': 'model.w optim.state', [part(0)]: 'x', [part(1)]: 'y' };
    const save = async (step: number, changes: Record<string, string | null>) => {
      const now: Record<string, string | null> = {
        ...files,
        'trainer_state.json': `{"global_step":${step}}`,
        ...changes,
      };
      await at.write(step, { files: now });
      const sizes = Object.entries(now).flatMap(([path, data]) =>
        data === null ? [] : [{ path, size: data.length }],
      );
      const parts = [
        await at.writePart(step, 0, 2, sizes.slice(1)),
        await at.writePart(step, 1, 2, sizes.slice(0, 1)),
      ];
      return at.register(step, { worldSize: 2, parts });
    };
    expect(await save(10, {})).toEqual({ kind: 'verified' });
    expect(await save(20, { [part(1)]: null })).toEqual({
      kind: 'quarantined',
      reason: '__1_0.distcp is missing',
    });
    expect(await save(30, { '.metadata': 'model.w' })).toEqual({
      kind: 'quarantined',
      reason: '.metadata names no optimizer',
    });
    expect(await save(40, { '.metadata': null })).toEqual({
      kind: 'quarantined',
      reason: '.metadata is missing',
    });
  });

  it('a recipe of kind command names its own files', async () => {
    await at[Symbol.asyncDispose]();
    await open(commandRecipe({ checkpointFiles: ['config.json', 'mine.bin'] }));
    await at.write(10);
    expect(await at.register(10)).toEqual({ kind: 'quarantined', reason: 'mine.bin is missing' });
    await at.write(20, { files: { 'mine.bin': 'x' } });
    expect(await at.register(20)).toEqual({ kind: 'verified' });
  });
});

it('several watches of one attempt at once decide alike, and none undoes what another did', async () => {
  for (let step = 10; step <= 100; step += 10) {
    await at.write(step);
    const found = await Promise.all(Array.from({ length: 4 }, () => at.register(step)));
    for (const { kind } of found) expect(['verified', 'known']).toContain(kind);
    expect(found.some(({ kind }) => kind === 'verified')).toBe(true);
    expect((await rowOf(step))?.state).toBe('verified');
  }
  expect((await checkpointRows(at.scope)).map(({ state }) => state)).toEqual([
    ...Array.from({ length: 3 }, () => 'verified'),
    ...Array.from({ length: 7 }, () => 'pruned'),
  ]);
});

it('a manifest that cannot be written is no fault of the checkpoint: it stays known, and is verified later', async () => {
  await at.write(10);
  const obstacle = join(at.scope.root, 'tested', 'manifests');
  await writeFile(obstacle, 'no directory');
  expect(await at.register(10)).toMatchObject({ kind: 'unreadable' });
  expect((await rowOf(10))?.state).toBe('saved');
  await rm(obstacle);
  expect(await at.register(10)).toEqual({ kind: 'verified' });
  expect((await stat(join(obstacle, '10.1.json'))).size).toBeGreaterThan(100);
});
