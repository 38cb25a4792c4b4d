/** Single runs pick noise: shown on generated scores whose truth is known, and what cross-fitting and more repeats do about it. */
import { expect, it } from 'vitest';
import { createCrossFitter } from '../../../../activities/dataset/choosing/cross-fit.ts';
import { rankPrograms } from '../../../../activities/dataset/choosing/rank-programs.ts';
import { meansOf } from '../../../../activities/dataset/choosing/score-table.ts';
import { generateScores } from '../../../support/generated-scores.ts';

const trials = 80;

/** 44 programs whose skills differ by 2 points (standard deviation), one group of 100 queries. Points of 100. */
function study(repeats: number, by: 'repeats' | 'queries') {
  const sums = { found: 0, overstated: 0, crossFitted: 0, loss: 0 };
  for (let seed = 0; seed < trials; seed++) {
    const { table, truth, ids } = generateScores({ queries: 100, programs: 44, repeats, seed });
    const members = Array.from({ length: table.queries }, (_, query) => query);
    const [first] = rankPrograms({ table, means: meansOf(table), members, ids });
    const chosen = truth[first?.program ?? -1] ?? Number.NaN;
    const best = Math.max(...truth);
    const options = { table, ids, by, rule: 'best', cost: 'tokens', seed } as const;
    const estimate = createCrossFitter(options).estimate('all', members)?.mean ?? Number.NaN;
    sums.found += chosen === best ? 1 / trials : 0;
    sums.loss += (100 * (best - chosen)) / trials;
    sums.overstated += (100 * ((first?.mean ?? Number.NaN) - chosen)) / trials;
    sums.crossFitted += (100 * (estimate - chosen)) / trials;
  }
  return sums;
}

it('one run finds the best of 44 programs rarely, and overstates it by several points', () => {
  const { found, overstated } = study(1, 'queries');
  expect(found).toBeGreaterThan(0.04);
  expect(found).toBeLessThan(0.3);
  expect(overstated).toBeGreaterThan(4);
  expect(overstated).toBeLessThan(9);
}, 120_000);

it('cross-fitting by queries or by repeats takes the overstatement away', () => {
  const queries = study(1, 'queries');
  expect(Math.abs(queries.crossFitted)).toBeLessThan(1.5);
  const repeats = study(4, 'repeats');
  expect(Math.abs(repeats.crossFitted)).toBeLessThan(1.5);
  expect(repeats.overstated).toBeGreaterThan(repeats.crossFitted + 1);
}, 120_000);

it('more repeats find the best more often and lose less', () => {
  const few = study(1, 'queries');
  const many = study(8, 'queries');
  expect(many.found).toBeGreaterThan(few.found + 0.1);
  expect(many.loss).toBeLessThan(few.loss - 0.5);
  expect(many.overstated).toBeLessThan(few.overstated - 2);
}, 120_000);
