/** The lock between processes: one at a time, and a dead owner's lock is broken. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive, markOf } from '../../../workers/host/process-mark.ts';
import { withLock } from '../../../workers/host/with-lock.ts';

test('bodies never overlap, and the waiting is told', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'lock-')), 'a.lock');
  let inside = 0;
  const waits: number[] = [];
  const body = async (): Promise<number> => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((wake) => setTimeout(wake, 50));
    inside -= 1;
    return inside;
  };
  const onWait = (pid: number): void => void waits.push(pid);
  await Promise.all([1, 2, 3].map(() => withLock(file, { onWait }, body)));
  expect(waits).toEqual([process.pid, process.pid]);
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

test('a lock whose owner died is taken over', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'lock-')), 'a.lock');
  await writeFile(file, JSON.stringify({ pid: process.pid, startedAt: 'another time' }));
  expect(await withLock(file, {}, async () => 'done')).toBe('done');
});

test('a mark tells a process from a later one with its pid', () => {
  const own = markOf(process.pid);
  expect(own && isAlive(own)).toBe(true);
  expect(isAlive({ pid: process.pid, startedAt: '1' })).toBe(false);
});
