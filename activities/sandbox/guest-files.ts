/**
 * The guest's files, copied to where the dedicated user can read them. Those of the library (what a program can tell apart)
 * belong to an execution's identity; those that start and confine it, and those that read programs without running them
 * (guest/reading), are always this release's, for older guests too.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface GuestFile {
  /** Path below guest/. */
  readonly name: string;
  readonly content: Buffer;
}

export interface GuestFiles {
  readonly directory: string;
  /** The files of the library, in order of their names. */
  readonly library: readonly GuestFile[];
}

/** Never taken from a store: launch.py runs as the worker's user, the others make the walls. */
const confinement = new Set([
  'confine.py',
  'describe.py',
  'fork.py',
  'kernel.py',
  'landlock.py',
  'launch.py',
  'sizes.py',
  'syscalls.py',
  'zygote.py',
]);

/**
 * Writes stateDirectory/guest-HASH, with the library given in place of this release's; what is there already and equal stays
 * untouched, also while another worker does the same.
 */
export async function installGuest(
  stateDirectory: string,
  library?: readonly GuestFile[],
): Promise<GuestFiles> {
  const own = await readGuest();
  const chosen = library ?? own.filter(({ name }) => isLibraryFile(name));
  const files = [...own.filter(({ name }) => !isLibraryFile(name)), ...chosen];
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name}\0${content.length}\0`).update(content);
  const directory = join(stateDirectory, `guest-${hash.digest('hex').slice(0, 12)}`);
  for (const folder of [directory, join(directory, 'reading')]) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
  }
  for (const { name, content } of files) await install(join(directory, name), content);
  return { directory, library: chosen };
}

/** Whether a file of that name is the library's, and so may come from a store. */
export function isLibraryFile(name: string): boolean {
  return /^[a-z][a-z0-9_]*\.py$/.test(name) && !confinement.has(name);
}

async function readGuest(): Promise<GuestFile[]> {
  const source = fileURLToPath(new URL('guest/', import.meta.url));
  const all = await readdir(source, { recursive: true });
  const names = all.filter((name) => name.endsWith('.py')).toSorted();
  return await Promise.all(
    names.map(async (name) => ({ name, content: await readFile(join(source, name)) })),
  );
}

async function install(path: string, content: Buffer): Promise<void> {
  const present = await readFile(path).catch(() => null);
  if (present?.equals(content)) return;
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content, { mode: 0o644 });
  await chmod(part, 0o644);
  await rename(part, path);
}
