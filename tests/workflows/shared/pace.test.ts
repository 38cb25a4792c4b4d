/** The pace of a run: of its last minutes, without pauses and without what was found stored. */
import { describe, expect, it } from 'vitest';
import { createPace, type Paced } from '../../../workflows/shared/pace.ts';
import { failureWords, rateWords, secondsLeft } from '../../../workflows/shared/progress-words.ts';

const base: Paced = { state: 'running', stage: 'score matrix', done: 0, total: 100_000 };

/** The pace after each of `[seconds, what is then the case]`. */
function paces(steps: readonly (readonly [number, Partial<Paced>])[]): (number | undefined)[] {
  const pace = createPace();
  return steps.map(([seconds, given]) => pace(1_000 * seconds, { ...base, ...given }));
}

describe('the pace', () => {
  it('is unknown until something is done, and with several batches in flight until the second step', () => {
    expect(
      paces([
        [0, {}],
        [10, {}],
        [20, { done: 40 }],
      ]),
    ).toEqual([undefined, undefined, 2]);
    const open = ['a', 'b', 'c'];
    expect(
      paces([
        [0, { open }],
        [10, { done: 100, open }],
        [20, { done: 400, open }],
      ]),
    ).toEqual([undefined, undefined, 20]);
  });

  it('forgets what is older than the window', () => {
    const slow = Array.from({ length: 20 }, (_, index) => [60 * index, { done: 60 * index }] as const);
    const fast = Array.from(
      { length: 10 },
      (_, index) => [60 * (20 + index), { done: 1_140 + 6_000 * (index + 1) }] as const,
    );
    expect(paces(slow).at(-1)).toBe(1);
    expect(paces([...slow, ...fast]).at(-1)).toBe(100);
  });

  it('falls while nothing moves', () => {
    expect(
      paces([
        [0, {}],
        [10, { done: 100 }],
        [100, { done: 100 }],
      ]).at(-1),
    ).toBe(1);
  });

  it('begins anew after a pause, in another stage, and for another total', () => {
    const before = [
      [0, {}],
      [10, { done: 100 }],
    ] as const;
    const paused = { state: 'paused', done: 110 };
    const [at, after] = paces([...before, [20, paused], [3_000, paused], [3_010, { done: 110 }]]).slice(-2);
    expect([at, after]).toEqual([undefined, undefined]);
    expect(paces([...before, [20, paused], [3_010, { done: 110 }], [3_020, { done: 150 }]]).at(-1)).toBe(4);
    for (const other of [{ stage: 'refinement' }, { total: 7 }])
      expect(paces([...before, [20, { ...other, done: 1 }]]).at(-1)).toBeUndefined();
  });

  it('leaves out what was found stored', () => {
    const found = 50_000;
    expect(
      paces([
        [0, {}],
        [1, { done: found, found }],
        [11, { done: found + 100, found }],
      ]).at(-1),
    ).toBe(100 / 11);
  });

  it('keeps few points, however often it is asked', () => {
    const often = Array.from({ length: 50_000 }, (_, index) => [index / 100, { done: index }] as const);
    expect(paces(often).at(-1)).toBeCloseTo(100, 0);
  });
});

it('rates, kinds and what is left read as words', () => {
  expect([undefined, 0, 0.05, 2.34, 56.7].map((rate) => rateWords(rate, 'cells'))).toEqual([
    '–',
    '–',
    '3.0 cells/min',
    '2.3 cells/s',
    '57 cells/s',
  ]);
  expect(secondsLeft({ done: 40, total: 100 }, 2)).toBe(30);
  expect(secondsLeft({ done: 100, total: 100 }, 2)).toBeUndefined();
  expect(secondsLeft({ done: 1, total: 0 }, undefined)).toBeUndefined();
  const failureKinds = Object.fromEntries([...'abcdefgh'].map((kind, index) => [kind, index]));
  expect(failureWords({ failed: 28, failureKinds })).toBe(
    '28 failed: 7 h, 6 g, 5 f, 4 e, 3 d, 2 c, 1 of other kinds',
  );
  expect(failureWords({ failed: 2 })).toBe('2 failed');
});
