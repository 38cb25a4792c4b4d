/** One process at a time, across processes: a lock file that names its owner; a dead owner's lock is broken. */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAlive, markOf, type ProcessMark } from './process-mark.ts';

export interface LockOptions {
  /** Told once, when another process holds the lock. */
  readonly onWait?: (pid: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export async function withLock<T>(file: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let told = false;
  while (!(await take(file))) {
    options.signal?.throwIfAborted();
    const owner = await ownerOf(file);
    if (owner && !isAlive(owner)) {
      await rm(file, { force: true });
      continue;
    }
    if (owner && !told) options.onWait?.(owner.pid);
    told = told || owner !== undefined;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  try {
    return await body();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(JSON.stringify(markOf(process.pid)));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined while the owner is still writing its name. */
async function ownerOf(file: string): Promise<ProcessMark | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}
