/** MinHash candidates against the exact answer over all pairs; no miss that the stated rate does not allow, and no false alarm. */
import { describe, expect, it } from 'vitest';
import {
  findNearDuplicates,
  minHash,
  missRate,
} from '../../../../activities/dataset/query-pool/near-duplicates.ts';
import { createRandom } from '../../../../activities/dataset/random.ts';

/** Texts of which each is an earlier one with a share of its words changed, so that pairs of every similarity occur. */
function editedTexts(count: number): string[][] {
  const random = createRandom('edited texts');
  const word = (): string => `w${random.between(0, 5_000)}`;
  const texts: string[][] = [];
  for (let index = 0; index < count; index++) {
    const base = index % 3 === 0 ? undefined : texts[random.between(0, texts.length - 1)];
    const edits = random.next() * 0.12;
    texts.push(
      base
        ? base.map((one) => (random.next() < edits ? word() : one))
        : Array.from({ length: random.between(4, 80) }, word),
    );
  }
  return texts;
}

function shinglesOf(words: readonly string[]): Set<string> {
  return new Set(words.slice(minHash.shingleWords - 1).map((_, at) => words.slice(at, at + 3).join(' ')));
}

function similarity(a: readonly string[], b: readonly string[]): number {
  const [one, other] = [shinglesOf(a), shinglesOf(b)];
  const both = [...one].filter((shingle) => other.has(shingle)).length;
  return both / (one.size + other.size - both);
}

/** The same rule without any index: in order, dropped when alike enough to a kept one. */
function byAllPairs(texts: readonly string[][], threshold: number): number[] {
  const kept: number[] = [];
  return texts.flatMap((text, index) => {
    const isNear = kept.some((other) => similarity(text, texts[other] ?? []) >= threshold);
    if (!isNear) kept.push(index);
    return isNear ? [index] : [];
  });
}

describe('findNearDuplicates', () => {
  it.each([0.7, 0.8, 0.95])('finds what comparing all pairs finds, at %d', (threshold) => {
    const texts = editedTexts(300);
    const found = findNearDuplicates(texts, threshold);
    expect(found.map(({ index }) => index)).toEqual(byAllPairs(texts, threshold));
    expect(found.length).toBeGreaterThan(10);
    for (const { index, of, jaccard } of found) {
      expect(jaccard).toBeCloseTo(similarity(texts[index] ?? [], texts[of] ?? []), 10);
      expect(jaccard).toBeGreaterThanOrEqual(threshold);
      expect(of).toBeLessThan(index);
    }
  });

  it('tells the texts of one template apart by their rare words, and still finds the alike among them', () => {
    const random = createRandom('template');
    const text = (index: number): string[] =>
      `Anna buys ${index} pens and ${random.between(0, 1e6)} books in the shop near her old house for a friend of hers`.split(
        ' ',
      );
    const texts = Array.from({ length: 2_400 }, (_, index) => text(index));
    const [last = []] = texts.slice(2_000);
    const found = findNearDuplicates([...texts, [...last, 'today']], 0.8);
    expect(found).toEqual([{ index: 2_400, of: 2_000, jaccard: similarity([...last, 'today'], last) }]);
  });

  it('treats texts shorter than a shingle as one, and leaves empty ones alone', () => {
    const found = findNearDuplicates([['a', 'b'], [], ['a', 'c'], ['a', 'b'], []], 0.8);
    expect(found).toEqual([{ index: 3, of: 0, jaccard: 1 }]);
  });

  it('states its miss rate, and refuses thresholds at which it would miss too much', () => {
    expect(missRate(0.8)).toBeLessThan(1e-7);
    expect(missRate(0.5)).toBeCloseTo((1 - 0.5 ** 4) ** 32, 12);
    expect(missRate(0)).toBe(1);
    for (const threshold of [0.3, 1.01, Number.NaN])
      expect(() => findNearDuplicates([], threshold)).toThrow(RangeError);
  });

  it('misses as often as it states: pairs of a middling similarity, many times over', () => {
    const random = createRandom('miss rate');
    let missed = 0;
    let expected = 0;
    const pairs = 1_500;
    for (let pair = 0; pair < pairs; pair++) {
      const a = Array.from({ length: 40 }, () => `w${random.between(0, 1e9)}`);
      // Four words changed apart from each other: 26 of 50 shingles stay.
      const b = a.map((one, at) => (at % 10 === 4 ? `x${random.between(0, 1e9)}` : one));
      expected += missRate(similarity(a, b));
      missed += findNearDuplicates([a, b], 0.5).length === 0 ? 1 : 0;
    }
    expect(expected).toBeGreaterThan(50);
    expect(Math.abs(missed - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });
});
