/** What the refiner writes must not give the answer away; what it may well contain is no leak. */
import { describe, expect, it } from 'vitest';
import { leaksAnswer } from '../../../activities/dataset/leak.ts';
import type { Gold } from '../../../workflows/shared/query.ts';

const number = (value: string): Gold => ({ kind: 'number', value });
const choice: Gold = { kind: 'choice', letter: 'B', options: ['Rome', 'Paris', 'Oslo', 'Lima'] };
const code: Gold = {
  kind: 'code',
  entryPoint: 'double',
  form: 'asserts',
  tests: ['assert double(1) == 2'],
  prelude: '',
};

describe('an answer leaks', () => {
  it.each<[string, Gold, boolean]>([
    ['return "42"', number('42'), true],
    ['The answer is 1,042 eggs.', number('1042'), true],
    ['It is -0.5.', number('-0.5'), true],
    ['The agents vote 3 times', number('42'), false],
    ['call it 420 times', number('42'), false],
    ['temperature=0.42', number('42'), false],
    ['42.5 of them', number('42'), false],
    ['The capital is paris!', choice, true],
    ['Answer with A, B, C or D.', choice, false],
    ['comparisons of options', choice, false],
    ['def double(n):\n    return 2 * n', code, true],
    ['define the function double', code, false],
  ])('%j', (text, gold, leaks) => {
    expect(leaksAnswer(text, gold, ['a query', 'a program'])).toBe(leaks);
  });

  it('not when the query or the base program has it too', () => {
    expect(leaksAnswer('ask 5 agents', number('5'), ['How many?', 'for _ in range(5):'])).toBe(false);
    expect(leaksAnswer('ask 5 agents', number('5'), ['Is it 5 or 6?'])).toBe(false);
  });
});
