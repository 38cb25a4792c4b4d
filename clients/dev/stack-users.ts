/** Commands that work on another command's stack say so in the home, so that its owner waits for them before it stops it. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, markOf, type ProcessMark } from '../../workers/host/process-mark.ts';

/** Returns what takes the entry back. */
export async function registerUser(home: string): Promise<() => Promise<void>> {
  const directory = join(home, 'stack-users');
  const file = join(directory, String(process.pid));
  await mkdir(directory, { recursive: true });
  await writeFile(file, JSON.stringify(markOf(process.pid)));
  return () => rm(file, { force: true });
}

/** Resolves when nobody else uses the stack any more, or when the signal says not to wait. */
export async function untilUnused(
  home: string,
  options: { readonly note: (text: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  let told = false;
  while (!options.signal?.aborted) {
    const users = await usersOf(home);
    if (users.length === 0) return;
    if (!told)
      options.note(
        `done; waiting for ${users.length} other command(s) that use this stack (Ctrl-C stops it now)`,
      );
    told = true;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

async function usersOf(home: string): Promise<ProcessMark[]> {
  const directory = join(home, 'stack-users');
  const names = await readdir(directory).catch(() => []);
  const marks = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8').catch(() => 'null');
      try {
        return JSON.parse(text) as ProcessMark | null;
      } catch {
        return null;
      }
    }),
  );
  return marks.filter((mark): mark is ProcessMark => mark !== null && isAlive(mark));
}
