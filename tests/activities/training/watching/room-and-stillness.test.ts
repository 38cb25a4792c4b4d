/** Looks at the machine: processes that work or stand still, room on the disk, hostile logs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type AttemptView, unseenAttempt } from '../../../../activities/training/attempt-view.ts';
import { readTail, tailBytes } from '../../../../activities/training/classifying/log-tail.ts';
import { classOfError } from '../../../../activities/training/classifying/error-class.ts';
import { smallerBatch } from '../../../../activities/training/classifying/smaller-batch.ts';
import { createDiskWatch } from '../../../../activities/training/watching/disk-watch.ts';
import { compareTrees, sampleTree } from '../../../../activities/training/watching/tree-activity.ts';
import { unseenRank } from '../../../../activities/training/watching/rank-view.ts';

describe('a tree of processes', () => {
  /** A shell as the root, as the shim is, with this below it. */
  const looked = async (command: string): Promise<string> => {
    const root = spawn('sh', ['-c', `${command} & wait; exec tail -f /dev/null`], {
      stdio: 'ignore',
      detached: true,
    });
    await once(root, 'spawn');
    try {
      await wait(300);
      const before = await sampleTree(root.pid as number, 0);
      await wait(1_000);
      return compareTrees(before, await sampleTree(root.pid as number, 1_000));
    } finally {
      process.kill(-(root.pid as number), 'SIGKILL');
    }
  };

  it.each([
    ['that waits is still', 'sleep 60', 'still'],
    ['that computes is busy', 'while :; do :; done', 'busy'],
    ['that writes is busy', 'head -c 100M /dev/zero | while read -r x; do :; done; sleep 60', 'busy'],
    ['that starts processes is busy', '(while :; do sleep 0.1; done)', 'busy'],
    ['that ended below a root that is stopped is still', 'sleep 0.1 & kill -STOP $$', 'still'],
    ['of which nothing is left is unknown', 'true', 'unknown'],
  ])('%s', async (_, command, expected) => expect(await looked(command)).toBe(expected));

  it('that was not seen is unknown', async () => {
    expect(compareTrees(undefined, await sampleTree(1, 0))).toBe('unknown');
    expect(compareTrees(await sampleTree(2 ** 30, 0), await sampleTree(2 ** 30, 9))).toBe('unknown');
  });
});

describe('room for the next checkpoint', () => {
  const at = (step: number, savedBytes = 100, stepS: number | null = 1): AttemptView => ({
    ...unseenAttempt,
    savedBytes,
    ranks: [{ ...unseenRank(0), step, stepS }],
  });
  const watch = (freeBytes: number[]) => {
    const pruned: number[] = [];
    const disk = createDiskWatch({
      saveSteps: 50,
      freeBytes: () => Promise.resolve(freeBytes.shift() as number),
      prune: () => Promise.resolve(void pruned.push(1)),
    });
    return { disk, pruned };
  };

  it('is enough while nothing was saved, or 1.2 of the last one fits', async () => {
    expect((await watch([0]).disk.look(at(1, 0), 0)).kind).toBe('enough');
    expect((await watch([120]).disk.look(at(1), 0)).kind).toBe('enough');
  });

  it('is made by retention', async () => {
    const { disk, pruned } = watch([50, 200]);
    expect((await disk.look(at(1), 0)).kind).toBe('enough');
    expect(pruned).toHaveLength(1);
  });

  it('is told while the save is far, and stops the run when it is near; looked at every 5 s', async () => {
    const { disk } = watch([50, 50, 50, 50]);
    expect(await disk.look(at(1), 0)).toMatchObject({ kind: 'short', notice: { kind: 'lowDisk', step: 1 } });
    expect((await disk.look(at(49), 1_000)).kind).toBe('enough');
    expect(await disk.look(at(49), 6_000)).toMatchObject({ kind: 'none' });
  });

  it('stops no run that is far from its save because nobody knows yet how long a step takes', async () => {
    const { disk } = watch([50, 50, 50, 50]);
    expect((await disk.look(at(5, 100, null), 0)).kind).toBe('short');
    expect((await disk.look(at(49, 100, null), 6_000)).kind).toBe('none');
  });

  it('counts as enough where nobody can say', async () => {
    const disk = createDiskWatch({
      ...{ saveSteps: 5, prune: () => Promise.resolve() },
      freeBytes: () => Promise.reject(new Error('gone')),
    });
    expect((await disk.look(at(1), 0)).kind).toBe('enough');
  });
});

it.each([
  ['one long line', 'x'.repeat(10 * tailBytes)],
  ['spaces', ' '.repeat(tailBytes)],
  ['escapes', '\u001B[0m'.repeat(tailBytes / 4)],
  ['open escapes', '\u001B['.repeat(tailBytes / 2)],
  ['a traceback of dots', `Traceback (most recent call last):\n${'a.'.repeat(tailBytes / 2)}Error: x`],
  ['ranks', '[rank1]: '.repeat(tailBytes / 9)],
  ['half a watchdog', 'ProcessGroupNCCL.cpp:1] '.repeat(tailBytes / 24)],
  ['half a table', `ChildFailedError:\n${'rank      : 1 (local_rank: 1\n'.repeat(tailBytes / 29)}`],
  ['surrogates', '\uD800'.repeat(tailBytes)],
  ['NUL', '\0'.repeat(tailBytes)],
])('a log of %s tells nothing', (_, text) => {
  expect(readTail(text)).toEqual({ exception: null, children: [], what: null, watchdog: false });
  const error = { type: 'RuntimeError', message: text.slice(0, 300), phase: 'train' };
  expect(classOfError(error)).toBe('code');
});

it('makes the micro-batch smaller with the same global batch', () => {
  expect(smallerBatch({ batchSize: 8, gradientAccumulation: 2 })).toEqual({
    batchSize: 4,
    gradientAccumulation: 4,
  });
  expect(smallerBatch({ batchSize: 3, gradientAccumulation: 1 })).toEqual({
    batchSize: 1,
    gradientAccumulation: 3,
  });
  expect(smallerBatch({ batchSize: 6, gradientAccumulation: 5 })).toEqual({
    batchSize: 3,
    gradientAccumulation: 10,
  });
  expect(smallerBatch({ batchSize: 1, gradientAccumulation: 16 })).toBeUndefined();
});
