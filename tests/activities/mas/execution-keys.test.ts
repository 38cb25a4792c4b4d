/** Keys of many cells are the keys of each. */
import { expect, it } from 'vitest';
import { createExecutionKeys, executionKey } from '../../../activities/mas/execution-key.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';

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
