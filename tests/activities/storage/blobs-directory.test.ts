/** Blobs: addressed by content, whole or not there, and never outside their directory. */
import { appendFile, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeAbandonedParts } from '../../../activities/storage/blob-files.ts';
import {
  createDirectoryBlobs,
  partsFolder,
  toBlobFailure,
} from '../../../activities/storage/blobs-directory.ts';

test('what is put is got, once per content, also by many at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
  const blobs = createDirectoryBlobs(directory);
  const addresses = await Promise.all(Array.from({ length: 20 }, () => blobs.put('a text with ü')));
  const [address = ''] = addresses;
  expect(new Set(addresses).size).toBe(1);
  expect(await blobs.getText(address)).toBe('a text with ü');
  expect(await blobs.get(await blobs.put(new Uint8Array([0, 255])))).toEqual(Buffer.from([0, 255]));
  expect(await blobs.has(address)).toBe(true);
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(files.filter((file) => file.isFile())).toHaveLength(2);

  const path = join(directory, address.slice(0, 2), address.slice(2, 4), address);
  await appendFile(path, 'x');
  await expect(blobs.get(address)).rejects.toMatchObject({ type: 'Storage.Corrupt' });
  await rm(directory, { recursive: true });
});

test('an unknown address, a path in its place and an unusable directory are named', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
  const blobs = createDirectoryBlobs(directory);
  await expect(blobs.get('0'.repeat(64))).rejects.toMatchObject({ type: 'Input.NotFound' });
  await expect(blobs.get('../../../../etc/passwd')).rejects.toMatchObject({ type: 'Input.NotFound' });
  await writeFile(join(directory, 'file'), '');
  await expect(createDirectoryBlobs(join(directory, 'file')).put('x')).rejects.toMatchObject({
    type: 'Storage.Unavailable',
  });
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  expect(toBlobFailure(full)).toMatchObject({ type: 'Storage.Full', nonRetryable: false });
  await rm(directory, { recursive: true });
});

test('written a piece at a time: the same blob as put at once, also by two at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
  const blobs = createDirectoryBlobs(directory);
  const pieces = ['ü', 'x'.repeat(700_000), new Uint8Array([0, 255]), ''];
  const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
  const writers = [await blobs.open(), await blobs.open()];
  for (const piece of pieces) for (const writer of writers) await writer.write(piece);
  const finished = await Promise.all(writers.map((writer) => writer.finish()));
  for (const writer of writers) await writer[Symbol.asyncDispose]();
  expect(finished).toEqual(finished.map(() => ({ sha256: finished[0]?.sha256, bytes: whole.length })));
  expect(await blobs.put(whole)).toBe(finished[0]?.sha256);
  expect((await blobs.get(finished[0]?.sha256 ?? '')).equals(whole)).toBe(true);

  // Left by processes that died, one of them long ago.
  await (await blobs.open()).write('x');
  const [old = ''] = await readdir(join(directory, partsFolder));
  await utimes(join(directory, partsFolder, old), 0, 0);
  await (await blobs.open()).write('y');
  await removeAbandonedParts(directory, Date.now() - 86_400_000);
  const [young = '', ...others] = await readdir(join(directory, partsFolder));
  expect([young === old, others]).toEqual([false, []]);
  await rm(join(directory, partsFolder, young));

  const empty = await blobs.open();
  expect(await empty.finish()).toEqual({ sha256: await blobs.put(''), bytes: 0 });
  expect(await readdir(join(directory, partsFolder))).toEqual([]);
  await writeFile(join(directory, 'file'), '');
  const unusable = createDirectoryBlobs(join(directory, 'file'));
  await expect(unusable.open()).rejects.toMatchObject({ type: 'Storage.Unavailable' });
  await rm(directory, { recursive: true });
});
