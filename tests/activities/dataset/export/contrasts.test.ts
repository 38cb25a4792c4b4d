/** Pairs, unpaired rows and label precision from cells of a matrix. */
import { describe, expect, it } from 'vitest';
import { labelledOf, pairsOf } from '../../../../activities/dataset/export/contrasts.ts';
import { labelPrecision } from '../../../../activities/dataset/export/label-precision.ts';
import { type MatrixCell, meanScore } from '../../../../activities/dataset/export/matrix-cells.ts';
import { createRandom } from '../../../../activities/dataset/random.ts';

function cell(id: string, scores: number[], given: Partial<MatrixCell> = {}): MatrixCell {
  const program = { id, sha256: id.padEnd(64, '0') };
  const spent = { llmCalls: 1, tokensIn: 10, tokensOut: 10, costUsd: 0 };
  return { query: 0, program, driver: 'd', scores, answered: scores.length, ...spent, ...given };
}

const idsOf = (pairs: ReturnType<typeof pairsOf>): string[][] =>
  pairs.map(({ chosen, rejected }) => [chosen.program.id, rejected.program.id]);

describe('preference pairs', () => {
  const options = { pairsPerQuery: 8, leastScoreGap: 0.5 };

  it('set a program that solves the query against one that does not, the best first, the cheaper of equals first', () => {
    const cells = [cell('dear', [1, 1], { tokensIn: 99 }), cell('cheap', [1, 1]), cell('bad', [0, 0])];
    expect(idsOf(pairsOf(cells, options, 'k'))).toEqual([['cheap', 'bad']]);
  });

  it('take wrong answers before crashes', () => {
    const cells = [cell('good', [1]), cell('crash', [0], { answered: 0 }), cell('wrong', [0])];
    for (let seed = 0; seed < 20; seed++)
      expect(idsOf(pairsOf(cells, options, `${seed}`))).toEqual([['good', 'wrong']]);
  });

  it('hold for all matrices: the gap, both sides of one half, no program twice, as many as asked', () => {
    const random = createRandom('matrices');
    for (let turn = 0; turn < 300; turn++) {
      const cells = Array.from({ length: random.between(0, 12) }, (_, index) =>
        cell(
          `p${index}`,
          Array.from({ length: random.between(1, 5) }, () => random.between(0, 1)),
        ),
      );
      const leastScoreGap = random.pick([0.01, 0.5, 2 / 3, 1]);
      const pairsPerQuery = random.between(1, 4);
      const pairs = pairsOf(cells, { leastScoreGap, pairsPerQuery }, `${turn}`);
      expect(pairs.length).toBeLessThanOrEqual(pairsPerQuery);
      const ids = idsOf(pairs).flat();
      expect(new Set(ids).size).toBe(ids.length);
      for (const { chosen, rejected } of pairs) {
        expect(meanScore(chosen)).toBeGreaterThan(0.5);
        expect(meanScore(rejected)).toBeLessThanOrEqual(0.5);
        expect(meanScore(chosen) - meanScore(rejected)).toBeGreaterThan(leastScoreGap - 1e-6);
      }
      expect(pairsOf(cells.toReversed(), { leastScoreGap, pairsPerQuery }, `${turn}`)).toEqual(pairs);
      for (const { cell: own, label } of labelledOf(cells, { unpairedPerQuery: 2 }, `${turn}`))
        expect(meanScore(own) > 0.5).toBe(label);
    }
  });
});

describe('expected label precision', () => {
  it('is not known from one repeat', () => {
    expect(labelPrecision([[1], [0], [1]])).toEqual({ estimate: null, interval: null, queries: 0 });
    expect(labelPrecision([])).toEqual({ estimate: null, interval: null, queries: 0 });
  });

  it('counts the held-out draws of those that the others accept', () => {
    // [1,1]: both held-out draws are right. [1,0]: only the wrong one is held out by a right one. [0,0]: never accepted.
    const { estimate, queries } = labelPrecision([
      [1, 1],
      [1, 0],
      [0, 0],
    ]);
    expect([estimate, queries]).toEqual([2 / 3, 2]);
  });

  it('finds the chance of a fresh draw, where the share of accepted rows alone does not', () => {
    const random = createRandom('precision');
    // Half of the programs solve a query in 90 % of draws, half in 20 %.
    const chances = Array.from({ length: 4_000 }, (_, index) => (index % 2 === 0 ? 0.9 : 0.2));
    const scores = chances.map((chance) => [0, 1].map(() => Number(random.next() < chance)));
    // Accepted on one draw: (0.9 * 0.9 + 0.2 * 0.2) / (0.9 + 0.2).
    const expected = 0.85 / 1.1;
    const { estimate, interval } = labelPrecision(scores);
    expect(interval?.low).toBeLessThan(expected);
    expect(interval?.high).toBeGreaterThan(expected);
    expect(Math.abs((estimate ?? 0) - expected)).toBeLessThan(0.03);
  });
});
