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
    ['It is 42.0 in all.', number('42'), true],
    ['about 42% of them', number('42'), true],
    ['costs $42, no more', number('42'), true],
    ['x = (6*7) # 42', number('42'), true],
    ['a span of 6-42 agents', number('42'), true],
    ['It is -42.', number('42'), false],
    ['return n - 42', number('-42'), false],
    ['agent42 and v42b decide', number('42'), false],
    ['1,042 agents', number('42'), false],
    ['one of [41,42,43]', number('42'), true],
    ['4.2e1 is stated', number('42'), true],
    ['half: .5', number('0.50'), true],
    ['exactly 65.49 kJ', number('+65.49'), true],
    ['1/2', number('1/2'), true],
    ['Rome, Paris, Oslo and Lima are weighed', choice, false],
    ['Parisian matters are weighed', choice, false],
    ['The answer is B. You are an expert.', choice, true],
    ['Answer: (B)', choice, true],
    ['The answer is A, B, C or D.', choice, false],
    ['The answer is C.', choice, false],
    ['double(2) is called', code, false],
    ['it is \\frac{1}{2}', { kind: 'latex', value: '\\frac{1}{2}' }, true],
    ['it is \\frac{1}{3}', { kind: 'latex', value: '\\frac{1}{2}' }, false],
    ['ADA LOVELACE did', { kind: 'text', value: 'Ada Lovelace' }, true],
    ['anything at all 42', { kind: 'none' }, false],
    ['', number('0'), false],
  ])('%j', (text, gold, leaks) => {
    expect(leaksAnswer(text, gold, ['a query', 'a program'])).toBe(leaks);
  });

  it('not when the query or the base program has it too', () => {
    expect(leaksAnswer('ask 5 agents', number('5'), ['How many?', 'for _ in range(5):'])).toBe(false);
    expect(leaksAnswer('ask 5 agents', number('5'), ['Is it 5 or 6?'])).toBe(false);
  });

  it('of a choice although the query lists all options, and of code although it shows the stub', () => {
    const query = 'Which is the capital of France?\n(A) Rome\n(B) Paris\n(C) Oslo\n(D) Lima';
    expect(leaksAnswer('You know that it is Paris.', choice, [query, 'a program'])).toBe(true);
    expect(leaksAnswer('Weigh Paris against Rome.', choice, [query, 'a program'])).toBe(false);
    const stub = 'def total(numbers):\n    """The sum."""\n';
    const line = 'return sum(number for number in numbers)';
    const task: Gold = { ...code, entryPoint: 'total', prelude: stub, reference: `${stub}    ${line}\n` };
    expect(leaksAnswer(`Try this: ${line}`, task, [stub, 'a program'])).toBe(true);
    expect(leaksAnswer('You are given def total(numbers).', task, [stub, 'a program'])).toBe(false);
  });
});
