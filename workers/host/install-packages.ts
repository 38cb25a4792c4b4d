/**
 * Fills a Python environment from its lock file. Every package needs its hash; in the `cpu` variant torch alone has none
 * in the lock: it comes from the index that the environment names, and the hash of the first install binds later ones.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pinsOf } from './missing-packages.ts';
import type { Place, PythonOptions } from './python-environment.ts';
import { runLogged } from './run-logged.ts';

const noteEveryMs = 15_000;
const neededBytes = { embedding: 0.5e9, grading: 0.2e9, science: 0.5e9, trainer: 7e9, 'trainer-cpu': 3e9 };

export async function installPackages(place: Place, options: PythonOptions): Promise<void> {
  await refuseFullDisk(place);
  const total = pinsOf(await readFile(place.lockFile, 'utf8')).length;
  let collected = 0;
  let phase = '';
  const onLine = (line: string): void => {
    if (line.startsWith('Collecting ')) collected += 1;
    if (line.startsWith('Installing collected')) phase = ', unpacking';
  };
  const timer = setInterval(
    () =>
      options.note(`installing ${place.variant}: ${collected} of at most ${total} packages fetched${phase}`),
    noteEveryMs,
  );
  const pip = (...args: string[]): Promise<void> =>
    runLogged(place.python, ['-I', '-m', 'pip', ...args], {
      onLine,
      signal: options.signal,
      env: { ...process.env, ...options.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    });
  try {
    await pip('install', '--require-hashes', '--no-deps', '--only-binary', ':all:', '-r', place.lockFile);
    if (place.torch) await installTorch(place, place.torch, pip);
  } finally {
    clearInterval(timer);
  }
}

async function installTorch(
  place: Place,
  torch: NonNullable<Place['torch']>,
  pip: (...args: string[]) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(place.parent, 'torch-'));
  try {
    await pip(
      'download',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--index-url',
      torch.index,
      '--dest',
      directory,
      torch.pin,
    );
    const [wheel] = await readdir(directory);
    if (!wheel) throw new Error(`${torch.index} gave no file for ${torch.pin}`);
    const file = join(directory, wheel);
    await bindHash(join(place.parent, 'torch-hashes.json'), wheel, await sha256Of(file));
    await pip('install', '--no-deps', file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function bindHash(recordFile: string, wheel: string, sha256: string): Promise<void> {
  const text = await readFile(recordFile, 'utf8').catch(() => '{}');
  const record = JSON.parse(text) as Record<string, string>;
  const before = record[wheel];
  if (before === sha256) return;
  if (before !== undefined) {
    throw new Error(
      `${wheel} has another hash than at its first install (${before}, now ${sha256}); if that is right, remove ${recordFile}`,
    );
  }
  await writeFile(recordFile, JSON.stringify({ ...record, [wheel]: sha256 }, null, 2));
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function refuseFullDisk(place: Place): Promise<void> {
  const { bavail, bsize } = await statfs(place.parent);
  const free = bavail * bsize;
  const needed = neededBytes[place.variant];
  if (free >= needed) return;
  throw new Error(
    `the Python environment "${place.variant}" needs ${gigabytes(needed)}, but ${place.parent} has ${gigabytes(free)} free; free some, or set MASGPT_CACHE to another disk`,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
