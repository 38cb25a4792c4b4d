/** The test that groups beat random ones: small p where groups differ, large p where they do not, and never zero. */
import { expect, it } from 'vitest';
import { permutationTest } from '../../../../activities/dataset/choosing/permutation-test.ts';
import { meansOf } from '../../../../activities/dataset/choosing/score-table.ts';
import { generateScores } from '../../../support/generated-scores.ts';

function groupsOf(queries: number, groups: number): number[][] {
  const all = Array.from({ length: queries }, (_, query) => query);
  return Array.from({ length: groups }, (_, group) => all.filter((query) => query % groups === group));
}

it('tells groups with programs of their own from groups without', async () => {
  const programs = 12;
  const real = generateScores({ queries: 400, programs, repeats: 2, seed: 1, groups: 4, spreadPoints: 15 });
  const given = { programs, groups: groupsOf(400, 4), seed: 5, permutations: 199 };
  const found = await permutationTest({ means: meansOf(real.table), ...given });
  expect(found?.p).toBe(1 / 200);
  expect(found?.grouped).toBeGreaterThan(found?.random ?? 1);
  expect(found?.random).toBeGreaterThan(found?.single ?? 1);
  expect(await permutationTest({ means: meansOf(real.table), ...given })).toEqual(found);

  const ps: number[] = [];
  for (let seed = 0; seed < 10; seed++) {
    const none = generateScores({ queries: 200, programs, repeats: 1, seed, groups: 1 });
    const tested = await permutationTest({ means: meansOf(none.table), ...given, groups: groupsOf(200, 4) });
    ps.push(tested?.p ?? 0);
  }
  expect(ps.filter((p) => p < 0.05).length).toBeLessThan(4);
  expect(Math.max(...ps)).toBeGreaterThan(0.3);
});

it('one group has nothing to be compared with', async () => {
  const { table } = generateScores({ queries: 20, programs: 3, repeats: 1, seed: 1 });
  const options = { means: meansOf(table), programs: 3, groups: groupsOf(20, 1), seed: 0 };
  expect(await permutationTest(options)).toBeNull();
});
