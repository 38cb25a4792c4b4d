/** Restarts: a part that dies comes back after a growing delay; a part that is stopped does not. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepRunning } from '../../../clients/dev/keep-running.ts';
import { startSupervised } from '../../../clients/dev/supervised-process.ts';

test('a part that keeps dying is restarted after 1x, 2x, 4x the first delay, until it is stopped', async () => {
  const logFile = join(await mkdtemp(join(tmpdir(), 'keep-')), 'part.log');
  const notes: string[] = [];
  let starts = 0;
  let enough: () => void = () => {};
  const fourth = new Promise<void>((resolve) => (enough = resolve));
  const part = await keepRunning({
    name: 'part',
    firstDelayMs: 10,
    note: (text) => void notes.push(text),
    async start() {
      starts += 1;
      if (starts === 4) enough();
      const script = starts < 4 ? 'echo started; exit 3' : 'echo started; exec sleep 600';
      return startSupervised({ command: '/bin/sh', args: ['-c', script], logFile });
    },
  });
  await fourth;
  await part.stop();
  expect(notes.map((note) => note.replace('part ended (3); it starts again in ', ''))).toEqual([
    '0.01 s',
    '0.02 s',
    '0.04 s',
  ]);
  expect(starts).toBe(4);
  expect((await readFile(logFile, 'utf8')).match(/started/g)?.length).toBeGreaterThanOrEqual(3);
  expect(part.pid()).toBeUndefined();
});

test('the first failure to start is the caller’s', async () => {
  const start = (): Promise<never> => Promise.reject(new Error('no binary'));
  await expect(keepRunning({ name: 'part', note: () => {}, start })).rejects.toThrow('no binary');
});
