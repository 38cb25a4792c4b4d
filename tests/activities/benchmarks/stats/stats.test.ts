import { expect, it } from 'vitest';
import { accuracyInterval } from '../../../../activities/benchmarks/stats/accuracy-interval.ts';
import { bootstrapMean } from '../../../../activities/benchmarks/stats/bootstrap.ts';
import { mcnemarExact } from '../../../../activities/benchmarks/stats/mcnemar.ts';
import { paretoFront } from '../../../../activities/benchmarks/stats/pareto.ts';
import { type ScoredExecution, summarise } from '../../../../activities/benchmarks/stats/summarise.ts';
import { wilson } from '../../../../activities/benchmarks/stats/wilson.ts';

// Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (score without continuity correction).
it.each([
  { successes: 81, n: 263, low: 0.2553, high: 0.3662 },
  { successes: 15, n: 148, low: 0.0624, high: 0.1605 },
  { successes: 0, n: 20, low: 0, high: 0.1611 },
  { successes: 1, n: 29, low: 0.0061, high: 0.1718 },
])('Wilson: $successes of $n', ({ successes, n, low, high }) => {
  const interval = wilson(successes, n);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

it('Wilson: no items tell nothing, all right is not certainty', () => {
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  expect(wilson(10, 10).high).toBeCloseTo(1, 10);
  expect(wilson(10, 10).low).toBeCloseTo(0.7225, 4);
});

// Twice the tail of Binomial(n, 1/2): 2 (1 + 12 + 66) / 2^12, 2 (1 + 10) / 2^10, 2 / 2^6.
it.each([
  [10, 2, 158 / 4096],
  [1, 9, 22 / 1024],
  [6, 0, 2 / 64],
  [5, 5, 1],
  [0, 0, 1],
])('McNemar exact: %i against %i', (a, b, p) => {
  expect(mcnemarExact(a, b)).toBeCloseTo(p, 10);
});

it('McNemar exact: the two-sided binomial test of 59 among 180, and thousands of items without underflow', () => {
  expect(mcnemarExact(121, 59)).toBeCloseTo(4.43444e-6, 9);
  expect(mcnemarExact(2_600, 2_400)).toBeGreaterThan(0.004);
  expect(mcnemarExact(2_600, 2_400)).toBeLessThan(0.0055);
});

it('bootstrap: agrees with the normal approximation, depends on the seed only, keeps repeats together', () => {
  const coin = Array.from({ length: 1_000 }, (_, index) => [index % 2]);
  const interval = bootstrapMean(coin, 7);
  // 0.5 +- 1.96 sqrt(0.25 / 1000)
  expect(interval.low).toBeCloseTo(0.469, 2);
  expect(interval.high).toBeCloseTo(0.531, 2);
  expect(bootstrapMean(coin, 7)).toEqual(interval);
  expect(bootstrapMean(coin, 8)).not.toEqual(interval);
  const repeated = coin.map(([score = 0]) => [score, score, score, score]);
  expect(bootstrapMean(repeated, 7)).toEqual(interval);
});

it('interval: Wilson below 100 items and where all items agree', () => {
  expect(
    accuracyInterval(
      Array.from({ length: 20 }, () => [0]),
      1,
    ).high,
  ).toBeCloseTo(0.1611, 4);
  const perfect = accuracyInterval(
    Array.from({ length: 500 }, () => [1]),
    1,
  );
  expect(perfect.low).toBeCloseTo(wilson(500, 500).low, 10);
  expect(perfect.low).toBeLessThan(1);
});

it('Pareto front: what nothing beats in both respects', () => {
  const points = [
    { name: 'cheap', cost: 1, value: 0.5 },
    { name: 'dear and worse', cost: 3, value: 0.4 },
    { name: 'best', cost: 5, value: 0.9 },
    { name: 'same as best', cost: 5, value: 0.9 },
    { name: 'dominated', cost: 6, value: 0.9 },
  ];
  expect(paretoFront(points).map((point) => point.name)).toEqual(['cheap', 'best', 'same as best']);
});

it('summary: failures stay in the denominator, repeats are no items, systems are compared on the items they share', () => {
  const execution = (system: string, query: number, score: number, failed = false): ScoredExecution => ({
    ...{ system, benchmark: 'b', driver: 'd', queryId: `q${query}`, score, failed },
    ...{ llmCalls: 1, tokensIn: 10, tokensOut: 5, costUsd: 0 },
  });
  const { rows, comparisons, fronts } = summarise(
    [
      ...[0, 1, 2, 3].map((query) => execution('one', query, query === 0 ? 0 : 1, query === 0)),
      ...[0, 1, 2, 3].flatMap((query) => [
        execution('two', query, 1),
        execution('two', query, query < 2 ? 1 : 0),
      ]),
    ],
    1,
  );
  expect(rows).toMatchObject([
    { system: 'one', n: 4, correct: 3, failed: 1, accuracy: 0.75, llmCalls: 4, tokensIn: 40 },
    { system: 'two', n: 4, correct: 3, failed: 0, accuracy: 0.75, llmCalls: 8, tokensIn: 80 },
  ]);
  expect(comparisons).toMatchObject([{ a: 'one', b: 'two', n: 4, onlyA: 2, onlyB: 1, pValue: 1 }]);
  expect(fronts).toEqual([{ benchmark: 'b', driver: 'd', systems: ['one'] }]);
});
