/** The pure parts of `masgpt training`: curves, frames, tails of files, goodput. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayWidth } from '../../../clients/cli/display-width.ts';
import { plot } from '../../../clients/cli/training/plot.ts';
import { readFrom, readTail } from '../../../clients/cli/training/tail-file.ts';
import { watchFrame } from '../../../clients/cli/training/watch-frame.ts';
import {
  addLosses,
  type AttemptRecord,
  goodputOf,
  keptLosses,
  waitedOf,
} from '../../../workflows/training/view.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

describe('a curve', () => {
  it('falls from the upper left to the lower right, with its extremes as labels', () => {
    const points = Array.from({ length: 40 }, (_, x): [number, number] => [x, 10 - x / 4]);
    const lines = plot(points, { columns: 20, rows: 4 });
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^ 10\.0 \S/);
    expect(lines[3]).toMatch(/^0\.250 /);
    const blank = '\u2800';
    expect(lines[0]?.at(-1)).toBe(blank);
    expect(lines[3]?.at(-1)).not.toBe(blank);
    expect(lines[3]?.[6]).toBe(blank);
  });

  it('marks where attempts began, and knows level, single and absent values', () => {
    expect(
      plot(
        [
          [0, 1],
          [10, 0],
        ],
        { columns: 11, rows: 2, marks: [5] },
      )
        .at(-1)
        ?.trimEnd(),
    ).toMatch(/^ +\^$/);
    expect(
      plot(
        [
          [3, 2],
          [4, 2],
        ],
        { columns: 8, rows: 3 },
      ),
    ).toHaveLength(3);
    expect(plot([[3, 2]], { columns: 8, rows: 3 })).toHaveLength(3);
    expect(
      plot(
        [
          [Number.NaN, 2],
          [1, Number.POSITIVE_INFINITY],
        ],
        { columns: 8, rows: 3 },
      ),
    ).toEqual([]);
  });
});

const attempt = (fields: Partial<AttemptRecord>): AttemptRecord => ({
  ...{ epoch: 1, host: 'here', fromStep: 0, toStep: 0, startedMs: 0, steppingMs: null, endedMs: null },
  ...{ class: null, cause: null },
  ...fields,
});

describe('goodput', () => {
  it('is unknown before a step, whole while nothing is lost, and counts steps made twice once', () => {
    expect(goodputOf([], 0, 100)).toBeNull();
    expect(goodputOf([attempt({})], 0, 100)).toBeNull();
    expect(goodputOf([attempt({ steppingMs: 0 })], 10, 100)).toBe(1);
    expect(goodputOf([attempt({ steppingMs: 20 })], 10, 100)).toBeCloseTo(0.8);
    const lost = attempt({ toStep: 20, steppingMs: 0, endedMs: 100 });
    const resumed = attempt({ epoch: 2, fromStep: 10, startedMs: 100, steppingMs: 120 });
    expect(goodputOf([lost, resumed], 20, 200)).toBeCloseTo((50 + 80) / 200);
  });

  it('leaves out what the run waited for people, over and now, but no time in which a trainer may have run', () => {
    const ended = attempt({ toStep: 20, steppingMs: 0, endedMs: 100, waitedMs: 50 });
    const second = attempt({ epoch: 2, fromStep: 20, toStep: 40, startedMs: 150, steppingMs: 150 });
    expect(goodputOf([ended, second], 40, 250, waitedOf([ended, second], 250, null))).toBe(1);
    expect(waitedOf([ended, second], 250, 200)).toBe(50);
    expect(waitedOf([ended, { ...second, endedMs: 190 }], 250, 200)).toBe(100);
    expect(waitedOf([], 250, 200)).toBe(0);
  });
});

it('losses stay few, with the newest', () => {
  let losses: readonly (readonly [number, number])[] = [];
  for (let step = 1; step <= 5_000; step += 1) losses = addLosses(losses, [[step, 1 / step]]);
  expect(losses.length).toBeLessThanOrEqual(keptLosses);
  expect(losses.at(-1)?.[0]).toBe(5_000);
  expect(losses[0]?.[0]).toBeLessThan(2_500);
  expect(losses.every(([step], index) => index === 0 || step > (losses[index - 1]?.[0] ?? 0))).toBe(true);
});

describe('a frame of watch', () => {
  const parked = (evidence: string) => ({
    ...{ cause: 'nan/train', why: evidence, evidence, lastVerifiedStep: 10, sinceMs: 0, log: 'x' },
    choices: [{ update: 'resume', does: 'go on', command: 'masgpt training resume x', input: '{}' }],
  });
  const progress = (evidence = 'seen') => ({
    ...{
      state: 'needsOperator',
      stage: 'waits',
      done: 20,
      failed: 2,
      total: 40,
      perSecond: 2,
      cause: evidence,
    },
    training: {
      ...{
        recipe: 'tiny',
        dataset: 'rows',
        epoch: 2,
        host: 'here',
        phase: 'train',
        loss: 0.5,
        tokensPerS: 1_234,
      },
      losses: Array.from({ length: 30 }, (_, step) => [step, 30 - step] as const),
      ...{ goodput: 0.75, waitedMs: 65_000, checkpoints: [10, 20], notices: [], operations: [], accepts: [] },
      attempts: [
        attempt({ toStep: 12, endedMs: 9_000, class: 'nan' as const }),
        attempt({ epoch: 2, fromStep: 10 }),
      ],
      parked: parked(evidence),
    },
  });

  it('has step, rate, ETA, loss, tokens/s, goodput, checkpoints, attempts and choices', () => {
    const text = watchFrame('training/x', progress(), 20_000, 100).join('\n');
    for (const words of ['step 20 of 40', '2.0 steps/s', 'ETA 10 s', 'loss 0.5000', 'tokens/s 1.2k'])
      expect(text).toContain(words);
    for (const words of [
      'goodput 75 %, waited for people 1 min',
      'checkpoints 10, 20',
      'attempt 1 on here: steps 0 to 12, 9 s, nan',
    ])
      expect(text).toContain(words);
    expect(text).toContain('masgpt training resume x');
    expect(text).toMatch(/[\u2801-\u28ff]/);
    expect(text).toContain('^');
  });

  it.each([20, 40, 79, 200])('fits into %i columns', (columns) => {
    for (const line of watchFrame('training/x', progress(), 20_000, columns))
      expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });

  it.each(Object.entries(evilCorpus))('shows foreign text as text: %s', (_name, evil) => {
    const lines = watchFrame('training/x', progress(evil), 20_000, 500);
    // oxlint-disable-next-line no-control-regex
    expect(lines.join('\n').replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe('the end of a file', () => {
  let directory: string;
  beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'masgpt-tail-'))));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const file = async (text: string): Promise<string> => {
    const path = join(directory, 'log');
    await writeFile(path, text);
    return path;
  };

  it.each([
    ['', 2, ''],
    ['a\n', 2, 'a\n'],
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\nc\n', 9, 'a\nb\nc\n'],
    ['\n\n\n', 1, '\n'],
  ])('%j has as its last %i lines %j', async (text, lines, expected) => {
    expect(await readTail(await file(text), lines)).toEqual({ text: expected, end: text.length });
  });

  it('is none for a file that is not there, and goes on by whole lines, from the start of a shorter one', async () => {
    expect(await readTail(join(directory, 'none'), 3)).toBeUndefined();
    const path = await file('one\ntwo\nthr');
    expect(await readFrom(path, 4)).toEqual({ text: 'two\n', end: 8 });
    expect(await readFrom(path, 8)).toEqual({ text: '', end: 8 });
    await file('new\n');
    expect(await readFrom(path, 8)).toEqual({ text: 'new\n', end: 4 });
    expect(await readFrom(join(directory, 'none'), 5)).toEqual({ text: '', end: 5 });
  });
});
