/** A directory with its parents. Node 20's own recursive mkdir never ends where the kernel refuses an entry as missing (/proc). */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** `mode`: of directories that are made here. Throws the system's error (EACCES, ENOENT, ENOTDIR, EEXIST, …). */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  await mkdir(path, mode).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  });
}
