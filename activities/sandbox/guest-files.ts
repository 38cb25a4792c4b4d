/** The guest: the Python files of guest/, copied to where the dedicated user can read them, and their identity. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface GuestFiles {
  readonly directory: string;
  /** sha256 over names and contents. */
  readonly sha256: string;
}

/** Writes stateDirectory/guest-HASH; what is there already and equal stays untouched, also while another worker does the same. */
export async function installGuest(stateDirectory: string): Promise<GuestFiles> {
  const files = await readGuest();
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name}\0${content.length}\0`).update(content);
  const sha256 = hash.digest('hex');
  const directory = join(stateDirectory, `guest-${sha256.slice(0, 12)}`);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  for (const { name, content } of files) await install(join(directory, name), content);
  return { directory, sha256 };
}

async function readGuest(): Promise<{ name: string; content: Buffer }[]> {
  const source = fileURLToPath(new URL('guest/', import.meta.url));
  const names = (await readdir(source)).filter((name) => name.endsWith('.py')).toSorted();
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
