/** Before a resume: whatever happened to the newest checkpoint is told, it goes to quarantine, and the one before is used. */
import {
  appendFile,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toJson } from '../../../../activities/storage/encode.ts';
import { chooseCheckpoint } from '../../../../activities/training/checkpoints/choose.ts';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { type CheckpointFiles, checkpointFiles, hfFiles, run } from '../../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../../support/environment.ts';

let fresh: FreshDatabase;
let at: CheckpointFiles;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh[Symbol.asyncDispose]());
beforeEach(async () => {
  at = await checkpointFiles(fresh.database);
});
afterEach(() => at[Symbol.asyncDispose]());

const choose = (wish: object = {}, scope = at.scope) =>
  chooseCheckpoint(scope, { recipe: at.recipe, ...wish });
const stateOf = async (step: number) => (await checkpointRows(at.scope)).find((row) => row.step === step);

/** Keeps size and time of the file: only a hash can tell. */
async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  const position = bytes.length >> 1;
  bytes[position] = (bytes[position] as number) ^ 1;
  await writeFile(path, bytes);
}

const damages: readonly [string, (directory: string) => Promise<unknown>, string | RegExp][] = [
  ...Object.keys(hfFiles(1)).map(
    (name) =>
      [`a bit of ${name}`, (directory: string) => flipBit(join(directory, name)), `${name} has changed`] as [
        string,
        (directory: string) => Promise<unknown>,
        string,
      ],
  ),
  [
    'a cut optimizer',
    (directory) => truncate(join(directory, 'optimizer.pt'), 60),
    'optimizer.pt has 60 bytes instead of 64',
  ],
  [
    'a longer model',
    (directory) => appendFile(join(directory, 'model.safetensors'), 'x'),
    /^model.safetensors has \d+ bytes instead of/,
  ],
  ['no optimizer', (directory) => rm(join(directory, 'optimizer.pt')), 'optimizer.pt is missing'],
  ['an added file', (directory) => writeFile(join(directory, 'more.py'), ''), 'more.py was added'],
  [
    'an added file in a folder',
    async (directory) => {
      await mkdir(join(directory, 'deep'));
      await writeFile(join(directory, 'deep', 'more'), '');
    },
    'deep/more was added',
  ],
  [
    'a file that became a link',
    async (directory) => {
      await rename(join(directory, 'optimizer.pt'), join(at.scope.root, 'kept'));
      await symlink(join(at.scope.root, 'kept'), join(directory, 'optimizer.pt'));
    },
    'optimizer.pt is neither a file nor a directory',
  ],
  ['no directory', (directory) => rm(directory, { recursive: true }), 'the directory is missing'],
  [
    'a directory that became a link',
    async (directory) => {
      await rename(directory, join(at.scope.root, 'moved'));
      await symlink(join(at.scope.root, 'moved'), directory);
    },
    'its directory is none',
  ],
  [
    'an edited manifest file',
    async () => {
      const path = join(at.scope.root, 'tested', 'manifests', '20.1.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"step":20', '"step":21'));
    },
    'the manifest file does not match the digest in the database',
  ],
  [
    'a torn manifest file',
    () => truncate(join(at.scope.root, 'tested', 'manifests', '20.1.json'), 50),
    'the manifest file does not match the digest in the database',
  ],
  [
    'no manifest file',
    () => rm(join(at.scope.root, 'tested', 'manifests', '20.1.json')),
    'the manifest file is missing',
  ],
  [
    'an edited manifest in the database',
    async () => {
      const row = await stateOf(20);
      await setRow(20, { manifest: toJson({ ...row?.manifest, parentStep: 5 }) });
    },
    'the manifest in the database does not match its digest',
  ],
  [
    'another recipe in the manifest of the database',
    async () => {
      const row = await stateOf(20);
      await setRow(20, { manifest: toJson({ ...row?.manifest, configSha: 'other' }) });
    },
    'the manifest in the database does not match its digest',
  ],
  [
    'no manifest in the database',
    () => setRow(20, { manifest: toJson(null) }),
    'the manifest in the database does not match its digest',
  ],
  [
    'another digest in the database',
    () => setRow(20, { digest: 'f'.repeat(64) }),
    'the manifest in the database does not match its digest',
  ],
  [
    'a row that names another directory',
    () => setRow(20, { directory: '/etc' }),
    'its directory lies outside of the output of attempt 1',
  ],
];

async function setRow(step: number, change: object): Promise<void> {
  await at.scope.database
    .updateTable('training_checkpoints')
    .set(change)
    .where('run', '=', run)
    .where('step', '=', step)
    .execute();
}

describe('the newest one is damaged', () => {
  it.each(damages)('%s', async (_name, damage, reason) => {
    await at.save(10);
    await damage(await at.save(20));
    const chosen = await choose();
    expect(chosen.checkpoint?.step).toBe(10);
    expect(chosen.lost).toBe(false);
    expect(chosen.quarantined).toEqual([{ step: 20, reason: expect.stringMatching(reason) as string }]);
    expect(await stateOf(20)).toMatchObject({ state: 'quarantined', pending: null });
    // It is not offered again.
    expect((await choose()).checkpoint?.step).toBe(10);
  });
});

it('takes the newest whole one, by its explicit directory, and notes when it was checked', async () => {
  await at.save(10);
  const directory = await at.save(20);
  await setRow(20, { checked_at: new Date(0) });
  expect(await choose()).toMatchObject({
    checkpoint: { step: 20, epoch: 1, directory },
    quarantined: [],
    lost: false,
  });
  expect((await stateOf(20))?.checkedAt).not.toEqual(new Date(0));
});

it('moves a damaged one away, with all its files', async () => {
  await at.save(10);
  await flipBit(join(await at.save(20), 'optimizer.pt'));
  await choose();
  const moved = join(at.scope.root, 'tested', 'quarantine', '20.1');
  expect((await stat(join(moved, 'optimizer.pt'))).size).toBe(64);
  expect((await stateOf(20))?.directory).toBe(moved);
});

it('100 of 100: a random bit of a random file of the newest one, and the one before is taken', async () => {
  const random = mulberry(7);
  for (let round = 1; round <= 100; round += 1) {
    await at.save(2 * round - 1);
    const newest = await at.save(2 * round);
    const names = Object.keys(hfFiles(round));
    const name = names[Math.floor(random() * names.length)] as string;
    const bytes = await readFile(join(newest, name));
    const position = Math.floor(random() * bytes.length);
    bytes[position] = (bytes[position] as number) ^ (1 << Math.floor(random() * 8));
    await writeFile(join(newest, name), bytes);
    expect(await choose(), `round ${round}: ${name}`).toMatchObject({
      checkpoint: { step: 2 * round - 1 },
      quarantined: [{ step: 2 * round, reason: `${name} has changed` }],
    });
  }
}, 120_000);

it('goes back over several, and never silently to the start', async () => {
  for (const step of [10, 20, 30]) await at.save(step);
  for (const step of [20, 30]) await flipBit(join(at.output(1), `checkpoint-${step}`, 'scheduler.pt'));
  expect(await choose()).toMatchObject({
    checkpoint: { step: 10 },
    quarantined: [{ step: 30 }, { step: 20 }],
  });
  await flipBit(join(at.output(1), 'checkpoint-10', 'scheduler.pt'));
  expect(await choose()).toMatchObject({ checkpoint: null, lost: true });
  // Nor does a repeated call, after a worker died between quarantine and answer.
  expect(await choose()).toMatchObject({ checkpoint: null, lost: true, quarantined: [] });
  expect(await choose({ fromStep: 0 })).toMatchObject({ checkpoint: null, lost: false });
});

it('starts from nothing where there never was a checkpoint', async () => {
  expect(await choose()).toEqual({ checkpoint: null, quarantined: [], lost: false });
});

it('rolls back to before the first bad step', async () => {
  for (const step of [10, 20, 30]) await at.save(step);
  const rollBack = { quarantineFrom: 20, reason: 'not finite from step 20 on' };
  expect(await choose({ rollBack })).toMatchObject({
    checkpoint: { step: 10 },
    quarantined: [
      { step: 30, reason: rollBack.reason },
      { step: 20, reason: rollBack.reason },
    ],
  });
});

it("sets newer ones aside at the operator's word", async () => {
  for (const step of [10, 20, 30]) await at.save(step);
  expect(await choose({ fromStep: 20 })).toMatchObject({ checkpoint: { step: 20 }, quarantined: [] });
  expect((await stateOf(30))?.reason).toBe('set aside by the operator');
});

it.each([['configSha'], ['dataSha']])('never takes one of another %s', async (field) => {
  await at.save(10);
  expect(await choose({}, { ...at.scope, [field]: 'other' })).toEqual({
    checkpoint: null,
    quarantined: [],
    lost: false,
  });
  expect((await stateOf(10))?.state).toBe('verified');
});

it('tells a move that fails, and ends it when it can', async () => {
  await at.save(10);
  await flipBit(join(await at.save(20), 'optimizer.pt'));
  const obstacle = join(at.scope.root, 'tested', 'quarantine');
  await writeFile(obstacle, 'not a directory');
  await expect(choose()).rejects.toMatchObject({
    type: 'Storage.Unavailable',
    message: expect.stringContaining(
      'checkpoint 20 of training/tested could not be moved to quarantine',
    ) as string,
  });
  expect(await stateOf(20)).toMatchObject({ state: 'quarantined', pending: 'move' });
  await rm(obstacle);
  expect(await choose()).toMatchObject({ checkpoint: { step: 10 } });
  expect(await stateOf(20)).toMatchObject({ state: 'quarantined', pending: null });
});

it('judges nothing on a host without the files', async () => {
  await at.save(10);
  await rename(join(at.scope.root, 'tested'), join(at.scope.root, 'unmounted'));
  await expect(choose()).rejects.toMatchObject({ type: 'Training.HostUnknown' });
  await rename(join(at.scope.root, 'unmounted'), join(at.scope.root, 'tested'));
  expect(await choose()).toMatchObject({ checkpoint: { step: 10 } });
});

it('verifies what was saved while no worker looked', async () => {
  await at.save(10);
  await at.write(20);
  const parts = [join(at.output(1), 'parts', '20.0.json')];
  expect(await at.register(20, { parts })).toEqual({ kind: 'waiting', missing: [0] });
  const sizes = Object.entries(hfFiles(20)).map(([path, data]) => ({ path, size: Buffer.from(data).length }));
  await at.writePart(20, 0, 1, sizes);
  expect(await choose()).toMatchObject({ checkpoint: { step: 20 } });
});

it('a save that one rank never ended is torn', async () => {
  await at.save(10);
  await at.write(20);
  const path = await at.writePart(20, 0, 2, []);
  expect(await at.register(20, { worldSize: 2, parts: [path] })).toEqual({ kind: 'waiting', missing: [1] });
  expect(await choose()).toMatchObject({ checkpoint: { step: 10 }, lost: false });
  expect(await stateOf(20)).toMatchObject({
    state: 'quarantined',
    reason: 'the save is torn: rank 1 never ended it',
  });
});

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
