/** Directories that users name: parents are made, and what cannot be made is an error instead of a wait without end. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeDirectory } from '../../clients/make-directory.ts';

it('makes parents, takes what is there, and says what stands in the way', async () => {
  const root = await mkdtemp(join(tmpdir(), 'masgpt-directory-'));
  const deep = join(root, 'a', 'b');
  await Promise.all([makeDirectory(deep, 0o700), makeDirectory(deep, 0o700)]);
  await makeDirectory(deep);
  expect((await stat(join(root, 'a'))).mode & 0o777).toBe(0o700);
  await writeFile(join(root, 'file'), '');
  await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeDirectory(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await rm(root, { recursive: true });
});

it.runIf(process.platform === 'linux')('ends below /proc', async () => {
  await expect(makeDirectory('/proc/nope/deep')).rejects.toMatchObject({ code: 'ENOENT' });
});
