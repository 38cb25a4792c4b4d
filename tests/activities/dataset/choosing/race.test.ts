/** Racing on full simulated matrices: what it saves, how seldom it loses more than a point, and what it never does. */
import { expect, it } from 'vitest';
import { survivors } from '../../../../activities/dataset/choosing/race.ts';
import { raceOn } from '../../../bench/dataset/racing.ts';

it('saves 40 % of the executions, and its choice is within 1 point of the full matrix', () => {
  const { saved, within } = raceOn({ queries: 200, programs: 48, repeats: 3, spreadPoints: 6, races: 40 });
  expect(saved).toBeGreaterThan(0.4);
  expect(within).toBeGreaterThanOrEqual(0.95);
}, 120_000);

it('goes on where the data do not tell', () => {
  const { saved, within } = raceOn({ queries: 60, programs: 8, repeats: 1, spreadPoints: 0.1, races: 40 });
  expect(saved).toBeLessThan(0.4);
  expect(within).toBeGreaterThanOrEqual(0.95);
}, 120_000);

it('keeps all before its first look, those that may still lead, and one at least', () => {
  const programs = 3;
  // 0 and 1 are right on every query, 2 on none.
  const means = Float64Array.from({ length: 90 }, (_, cell) => (cell % programs === 2 ? 0 : 1));
  const seen = Array.from({ length: 30 }, (_, query) => query);
  const state = { means, programs, all: 300, racing: [0, 1, 2] };
  expect(survivors({ ...state, seen: seen.slice(0, 8) })).toEqual([0, 1, 2]);
  expect(survivors({ ...state, seen })).toEqual([0, 1]);
  expect(survivors({ ...state, seen, racing: [2] })).toEqual([2]);
});
