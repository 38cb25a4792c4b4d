/** Large files are read in a thread of their own: the same results and errors as in this one. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findFault, hashFile } from '../../../activities/training/reading/reading.ts';
import { safetensors } from '../../support/checkpoint-files.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-reading-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const mib = 1024 * 1024;

it.each([0, 5, 8 * mib - 1, 8 * mib, 20 * mib + 3])('hashes %i bytes as anybody does', async (bytes) => {
  const data = randomBytes(bytes);
  const path = join(directory, `${bytes}`);
  await writeFile(path, data);
  const sha256 = createHash('sha256').update(data).digest('hex');
  expect(await hashFile(path)).toEqual({ size: bytes, sha256 });
});

it('reads several at once, each with its own result', async () => {
  const paths = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const path = join(directory, `many-${index}`);
      await writeFile(path, Buffer.alloc(9 * mib, index));
      return path;
    }),
  );
  const hashes = await Promise.all(paths.map(hashFile));
  expect(hashes.map(({ sha256 }) => sha256)).toEqual(
    paths.map((_, index) =>
      createHash('sha256')
        .update(Buffer.alloc(9 * mib, index))
        .digest('hex'),
    ),
  );
});

it('finds a weight that is not finite in a large file, and none in a sound one', async () => {
  const values = Array.from({ length: 3 * mib }, () => 0.5);
  await writeFile(join(directory, 'sound'), safetensors(values));
  expect(await findFault(join(directory, 'sound'))).toBeUndefined();
  await writeFile(join(directory, 'broken'), safetensors([...values, Number.NaN]));
  expect(await findFault(join(directory, 'broken'))).toBe('tensor w is not finite');
});

it('tells what is wrong with a file by its code, in both threads', async () => {
  await expect(hashFile(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(join(directory, 'target'), '');
  for (const bytes of [1, 9 * mib]) {
    await truncate(join(directory, 'target'), bytes);
    await rm(join(directory, 'link'), { force: true });
    await symlink(join(directory, 'target'), join(directory, 'link'));
    await expect(hashFile(join(directory, 'link'))).rejects.toMatchObject({ code: 'ELOOP' });
  }
});
