/** Copies in a bucket: sent once, read back whole, told when they are not, and what a lost checkpoint comes back from. */
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createS3Bucket } from '../../../../activities/storage/s3-bucket.ts';
import { chooseCheckpoint } from '../../../../activities/training/checkpoints/choose.ts';
import { createCopier } from '../../../../activities/training/checkpoints/copier.ts';
import { surveyCheckpoints } from '../../../../activities/training/checkpoints/survey.ts';
import { copyMissing, type CopyPlace } from '../../../../activities/training/checkpoints/copy.ts';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { type CheckpointFiles, checkpointFiles, hfFiles } from '../../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../../support/environment.ts';
import { credentials, type FakeS3, fakeS3 } from '../../../support/fake-s3.ts';

const partBytes = 5 * 1024 * 1024;

let fresh: FreshDatabase;
let at: CheckpointFiles;
let s3: FakeS3;
let copies: CopyPlace;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh[Symbol.asyncDispose]());
beforeEach(async () => {
  [at, s3] = [await checkpointFiles(fresh.database), await fakeS3()];
  const bucket = createS3Bucket({
    endpoint: s3.endpoint,
    region: 'test-1',
    bucket: 'bucket',
    partBytes,
    ...credentials,
  });
  copies = { bucket, name: 'bucket/kept', prefix: 'kept' };
});
afterEach(async () => {
  await fresh.database.deleteFrom('training_checkpoint_copies').execute();
  await s3[Symbol.asyncDispose]();
  await at[Symbol.asyncDispose]();
});

const copy = () => copyMissing(at.scope, copies);
const choose = () => chooseCheckpoint(at.scope, { recipe: at.recipe, copies });
const keyOf = (name: string) => [...s3.objects.keys()].find((key) => key.includes(name)) ?? '';
const shaOf = async (step: number, path: string): Promise<string> =>
  (await checkpointRows(at.scope))
    .find((row) => row.step === step)
    ?.manifest?.files.find((file) => file.path === path)?.sha256 ?? 'none';

it('sends what is not there, by content, manifest last, and once', async () => {
  await at.save(10);
  await at.save(20);
  expect(await copy()).toEqual([
    { step: 20, problem: undefined },
    { step: 10, problem: undefined },
  ]);
  const manifests = s3.requests.filter((line) => line.startsWith('PUT kept/training/tested/'));
  expect(manifests).toEqual(['PUT kept/training/tested/20.1.json', 'PUT kept/training/tested/10.1.json']);
  // The scheduler's state is the same in both.
  const puts = s3.requests.filter((line) => line.startsWith('PUT kept/files/'));
  expect(new Set(puts).size).toBe(puts.length);
  const files = new Set(
    Object.entries({ ...hfFiles(10) })
      .map(([, data]) => String(data))
      .concat(Object.values(hfFiles(20)).map(String)),
  );
  expect([...s3.objects.keys()].filter((key) => key.startsWith('kept/files/'))).toHaveLength(files.size);
  const sent = s3.requests.length;
  expect(await copy()).toEqual([]);
  expect(s3.requests).toHaveLength(sent);
});

it('sends large files in parts, and reads them back', async () => {
  const large = randomBytes(2 * partBytes + 12_345);
  await at.save(10, { files: { 'optimizer.pt': large } });
  expect(await copy()).toEqual([{ step: 10, problem: undefined }]);
  expect(s3.objects.get(keyOf(await shaOf(10, 'optimizer.pt')))?.equals(large)).toBe(true);
  expect(s3.openUploads()).toBe(0);
});

it('calls an upload off that fails', async () => {
  await at.save(10, { files: { 'optimizer.pt': randomBytes(partBytes + 1) } });
  s3.faults.parts = true;
  expect(await copy()).toMatchObject([{ problem: expect.stringContaining('400 InvalidPart') as string }]);
  expect(s3.openUploads()).toBe(0);
  s3.faults.parts = false;
  expect(await copy()).toEqual([{ step: 10, problem: undefined }]);
});

it('finds an object that is not what its name says, and sends it again', async () => {
  await at.save(10);
  await copy();
  const key = keyOf(await shaOf(10, 'optimizer.pt'));
  s3.objects.set(key, Buffer.alloc(64, 9));
  await fresh.database.deleteFrom('training_checkpoint_copies').execute();
  expect(await copy()).toEqual([{ step: 10, problem: undefined }]);
  expect(s3.objects.get(key)?.equals(hfFiles(10)['optimizer.pt'] as Buffer)).toBe(true);
});

it('survives a busy store; tells one that refuses, is gone, cuts answers or sends elsewhere', async () => {
  await at.save(10);
  s3.faults.busy = 2;
  expect(await copy()).toEqual([{ step: 10, problem: undefined }]);

  await at.save(20);
  s3.faults.cut = true;
  expect(await copy()).toMatchObject([
    { step: 20, problem: expect.stringContaining('does not answer') as string },
  ]);
  s3.faults.cut = false;
  s3.faults.redirect = 'http://127.0.0.1:1/';
  expect(await copy()).toMatchObject([
    { step: 20, problem: expect.stringContaining('does not answer') as string },
  ]);
  s3.faults.redirect = undefined;
  const wrong = {
    ...credentials,
    secretAccessKey: 'other',
    endpoint: s3.endpoint,
    region: 'test-1',
    bucket: 'bucket',
  };
  const bucket = createS3Bucket(wrong);
  await expect(bucket.putText('x', 'y')).rejects.toMatchObject({
    type: 'Storage.Unavailable',
    message: expect.stringContaining('403 SignatureDoesNotMatch') as string,
  });
  await expect(createS3Bucket({ ...wrong, endpoint: 'http://127.0.0.1:1' }).size('x')).rejects.toMatchObject({
    type: 'Storage.Unavailable',
  });
  const row = await fresh.database
    .selectFrom('training_checkpoint_copies')
    .selectAll()
    .where('step', '=', 20)
    .executeTakeFirstOrThrow();
  expect(row).toMatchObject({
    verified_at: null,
    problem: expect.stringContaining('does not answer') as string,
  });
});

it('does not vouch for a copy of a checkpoint that is damaged here', async () => {
  await writeFile(join(await at.save(10), 'optimizer.pt'), Buffer.alloc(64, 7));
  expect(await copy()).toMatchObject([
    { step: 10, problem: expect.stringContaining('optimizer.pt') as string },
  ]);
  expect(keyOf('10.1.json')).toBe('');
});

it('brings a damaged and a lost checkpoint back, and no other', async () => {
  for (const step of [10, 20]) await at.save(step);
  await copy();
  const directory = join(at.output(1), 'checkpoint-20');
  await writeFile(join(directory, 'optimizer.pt'), Buffer.alloc(64, 7));
  expect(await choose()).toMatchObject({ checkpoint: { step: 20, directory }, quarantined: [], lost: false });
  expect(
    (await readFile(join(directory, 'optimizer.pt'))).equals(hfFiles(20)['optimizer.pt'] as Buffer),
  ).toBe(true);

  await rm(directory, { recursive: true });
  await rm(join(at.scope.root, 'tested', 'manifests', '20.1.json'));
  expect(await choose()).toMatchObject({ checkpoint: { step: 20 }, quarantined: [] });

  // A copy that is damaged, too, is not used.
  s3.objects.set(keyOf(await shaOf(20, 'optimizer.pt')), Buffer.alloc(64, 7));
  await rm(directory, { recursive: true });
  expect(await choose()).toMatchObject({
    checkpoint: { step: 10 },
    quarantined: [{ step: 20, reason: 'the directory is missing' }],
  });
});

it('copies in the background what was verified meanwhile, and shows it in the registry', async () => {
  await at.save(10);
  const copier = createCopier(at.scope, copies);
  copier.kick();
  await at.save(20);
  copier.kick();
  await copier.idle();
  const { root, database, run } = at.scope;
  const shown = await surveyCheckpoints({ root, database, run, host: 'here' }, false);
  expect(shown.map(({ step, copies: own }) => [step, own])).toEqual(
    [20, 10].map((step) => [
      ...[step, [{ place: 'bucket/kept', verifiedAt: expect.any(Date) as Date, problem: null }]],
    ]),
  );
  const none = createCopier(at.scope, undefined);
  none.kick();
  await none.idle();
});

it('goes on with an older one while the bucket does not answer', async () => {
  for (const step of [10, 20]) await at.save(step);
  await copy();
  await rm(join(at.output(1), 'checkpoint-20'), { recursive: true });
  await s3[Symbol.asyncDispose]();
  expect(await choose()).toMatchObject({ checkpoint: { step: 10 } });
});
