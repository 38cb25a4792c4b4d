/** Keys of many cells are the keys of each. */
import { expect, it } from 'vitest';
import { createCellKeys, identityOf } from '../../../activities/mas/cell-outcomes.ts';
import { createExecutionKeys, executionKey } from '../../../activities/mas/execution-key.ts';
import { planSchema, type System } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { plainQuery } from '../../support/plain-query.ts';

it.each([
  { commonRandomNumbers: false, scope: '' },
  { commonRandomNumbers: true, scope: 'answer/"one"' },
])('with %o', (special) => {
  const shared = {
    ...{ tenant: 'te"nant', driver: 'a-driver', runSeed: 7, limits: limitsSchema.parse({}) },
    ...special,
  };
  const keyOf = createExecutionKeys(shared, 'rev/1 "x"');
  for (const id of ['0123456789abcdef', 'quote " and \u2028 line'])
    for (const sha256 of ['a'.repeat(64), 'b'.repeat(64)])
      for (const repeat of [0, 1, 12])
        expect(keyOf(id, sha256, repeat)).toBe(
          executionKey({ ...shared, query: { id }, program: { sha256 }, repeat }, 'rev/1 "x"'),
        );
});

it('of a plan with two drivers', () => {
  const program = { id: 'cot', sha256: 'c'.repeat(64) };
  const plan = planSchema.parse({
    ...{ v: 1, queries: 'd'.repeat(64), queryCount: 1, repeats: 2, seed: 3, tenant: 'default' },
    ...{ drivers: ['one', 'two'], limits: {}, commonRandomNumbers: true },
    systems: [{ kind: 'program', id: 'cot', program }],
  });
  const query = plainQuery('How many?', '3');
  const keyOf = createCellKeys(plan, (driver) => `revision of ${driver}`);
  const keys = plan.drivers.flatMap((driver) =>
    [0, 1].map((repeat) => {
      const cell = { index: 0, queryIndex: 0, query, system: plan.systems[0] as System, driver, repeat };
      const key = keyOf(cell, program);
      expect(key).toBe(executionKey(identityOf(plan, cell, program), `revision of ${driver}`));
      return key;
    }),
  );
  expect(new Set(keys).size).toBe(4);
  expect(() => keyOf({ driver: 'three', query, repeat: 0 }, program)).toThrow(RangeError);
});
