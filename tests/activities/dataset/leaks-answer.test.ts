/** What the refiner writes must not give the answer away; what it may well contain is no leak. */
import { describe, expect, it } from 'vitest';
import { leaksAnswer } from '../../../activities/dataset/leak/leaks-answer.ts';
import { readPool } from '../../../activities/mas/pool.ts';
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

describe('in other writings', () => {
  const text = (value: string): Gold => ({ kind: 'text', value });
  const latex = (value: string): Gold => ({ kind: 'latex', value });
  const percent: Gold = { kind: 'choice', letter: 'A', options: ['5%', '10%', '25%', '50%'] };
  const solution: Gold = {
    ...code,
    entryPoint: 'common',
    reference:
      'def common(first, second):\n    """Doc."""\n    seen = set(first)\n    result = [item for item in second if item in seen]\n    return sorted(set(result))\n',
  };
  it.each<[string, Gold, boolean]>([
    ['It is forty-two.', number('42'), true],
    ['one hundred and twenty-three eggs', number('123'), true],
    ['two thousand five hundred', number('2500'), true],
    ['minus seventeen', number('-17'), true],
    ['three quarters of it', number('0.75'), true],
    ['half of them', number('0.5'), true],
    ['twenty-one of them', number('42'), false],
    ['Three agents vote.', number('3'), false],
    ['The answer is three.', number('3'), true],
    ['The answer is 3.', number('3'), true],
    ['return "3"', number('3'), true],
    ['answer = 3', number('3'), true],
    ['He has 3 left.', number('3'), true],
    ['for i in range(3):', number('3'), false],
    ['Ask 3 independent agents.', number('3'), false],
    ['rounds = 3', number('3'), false],
    ['text[:500]', number('500'), false],
    ['temperature=0.7', number('0.7'), false],
    ['execute_code(code, timeout=30)', number('30'), false],
    ['Answer in at most 100 words.', number('100'), false],
    ['max_tokens=2048', number('2048'), false],
    ['if len(votes) > 2:', number('2'), false],
    ['Step 2: check it.', number('2'), false],
    ['1. Read.\n2. Solve.', number('2'), false],
    ['the sum is 6 * 7', number('42'), true],
    ['so 12 + 30 eggs', number('42'), true],
    ['(100 - 16) / 2', number('42'), true],
    ['2^5 + 10', number('42'), true],
    ['6 \\times 7', number('42'), true],
    ['6 × 7', number('42'), true],
    ['6 * 8', number('42'), false],
    ['on 2024-01-15', number('2008'), false],
    ['steps 3-5', number('-2'), false],
    ['\\frac{3}{4} of them', number('0.75'), true],
    ['3/4 of them', number('0.75'), true],
    ['1.5 million', number('1500000'), true],
    ['75% of them', number('0.75'), true],
    ['about 65.5 kJ', number('65.49'), true],
    ['about 66 kJ', number('65.49'), false],
    ['1.6e-19 C', number('1.6e-19'), true],
    ['$1,234.50', number('1234.5'), true],
    ['42 apples', number('$42'), true],
    ['B is correct', choice, true],
    ['choose B', choice, true],
    ['select option (B).', choice, true],
    ["return 'B'", choice, true],
    ["return 'A'", choice, false],
    ['\\boxed{B}', choice, true],
    ['return one of A, B, C, D', choice, false],
    ['Agent B debates agent A.', choice, false],
    ['The capital is  PARIS.', choice, true],
    ['It grew by 5%', percent, true],
    ['It grew by 10%', percent, false],
    ['5%, 10%, 25% or 50%', percent, false],
    ['It is photosynthesis', text('Photosynthesis.'), true],
    ['the   cell\nmembrane', text('the cell membrane'), true],
    ['photosynthetic', text('photosynthesis'), false],
    ['Say yes or no.', text('yes'), false],
    ['The answer is yes.', text('yes'), true],
    ['return "no"', text('No'), true],
    ['answer with yes or no', text('yes'), false],
    ['x = \\dfrac{1}{2}', latex('\\frac{1}{2}'), true],
    ['so $\\frac12$', latex('\\frac{1}{2}'), true],
    ['about 0.5 of it', latex('\\frac{1}{2}'), true],
    ['it is \\boxed{ 3\\sqrt{2} }', latex('3\\sqrt{2}'), true],
    ['it is 3\\sqrt{3}', latex('3\\sqrt{2}'), false],
    ['The answer is x.', latex('x'), true],
    ['let x be the unknown', latex('x'), false],
    ['seen = set(first); result = [item for item in second if item in seen]', solution, true],
    ['common elements of two lists, sorted', solution, false],
    ['return sorted(set(result))', solution, false],
    ['def common(a, b): ...', solution, true],
  ])('%j', (written, gold, leaks) => {
    expect(leaksAnswer(written, gold, ['a query', 'a program'])).toBe(leaks);
  });
});

it('knows what is stated from what is only there: a number of the query may not be called its answer', () => {
  const query = 'Is it 41 or 42?';
  expect(leaksAnswer('Weigh 41 and 42.', number('42'), [query, 'a program'])).toBe(false);
  expect(leaksAnswer('The answer is 42.', number('42'), [query, 'a program'])).toBe(true);
});

it('takes no long time over hostile texts', () => {
  const texts = [
    '9'.repeat(60_000),
    '1+'.repeat(30_000),
    '('.repeat(60_000),
    'one '.repeat(15_000),
    '1 '.repeat(30_000),
    '"'.repeat(60_000),
  ];
  const golds: Gold[] = [
    number('42'),
    choice,
    code,
    { kind: 'latex', value: 'x^2' },
    { kind: 'text', value: 'yes' },
  ];
  for (const text of texts)
    for (const gold of golds) expect(leaksAnswer(text, gold, ['a query', 'a program'])).toBe(false);
}, 20_000);

it('rejects few honest programs: those of the pool, with golds that are typical', async () => {
  const programs = (await readPool()).list();
  const golds = [...['7', '18', '24', '64', '125', '540', '3.14', '-0.25', '1200'].map(number), choice];
  const flagged = golds.flatMap((gold) =>
    programs.filter(({ source }) => leaksAnswer(source, gold, ['a query'])),
  );
  expect(flagged.length / (golds.length * programs.length)).toBeLessThan(0.03);
});
