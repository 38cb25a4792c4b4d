/** A small file system of its own for one run, so that its disk can be really full. Needs root and tmpfs (Linux). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sizeMib = 6;

async function command(...words: readonly string[]): Promise<boolean> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: 'ignore' });
  const [code] = await once(child, 'close').catch(() => [1]);
  return code === 0;
}

export async function canMakeRooms(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-room-'));
  const made = await command('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory);
  if (made) await command('umount', directory);
  await rm(directory, { recursive: true, force: true });
  return made;
}

export async function makeRoom(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  await command('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', directory);
  return {
    async [Symbol.asyncDispose]() {
      await command('umount', '--lazy', directory);
    },
  };
}
