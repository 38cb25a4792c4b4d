/** The code grader in the real sandbox, in both upstream forms, through the grading port. */
import { describe, expect, it } from 'vitest';
import { createGrading } from '../../../../activities/benchmarks/graders/create-grading.ts';
import type { MathVerify } from '../../../../activities/benchmarks/graders/math-verify.ts';
import type { Query } from '../../../../workflows/shared/query.ts';
import { testSandbox } from '../../../support/sandbox.ts';
import { codeCases } from './golden-code.ts';

const signal = new AbortController().signal;
const noLatex: MathVerify = {
  compare: () => Promise.reject(new Error('no LaTeX here')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const sandbox = await testSandbox();
const grading = createGrading({ sandbox: async () => sandbox, mathVerify: noLatex });

const forms: Readonly<Record<string, Query['gold']>> = {
  check: {
    ...{
      kind: 'code',
      entryPoint: 'double',
      form: 'check',
      prelude: 'import math\n\n\ndef double(x):\n    """Twice x."""\n',
    },
    tests: ['def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-3) == -6\n'],
  },
  asserts: {
    ...{ kind: 'code', entryPoint: 'double', form: 'asserts', prelude: '' },
    tests: ['assert double(2) == 4', 'assert double(-3) == -6'],
  },
};

describe.each(Object.entries(forms))('form %s', (form, gold) => {
  const query: Query = { ...base(), gold };
  // A bare body completes a signature, which only the first form's prelude has.
  const cases = codeCases.filter(({ trap }) => form === 'check' || trap !== 'body');

  it.each(cases)('$trap', async ({ answer, right, found }) => {
    const verdict = await grading.grade(query, answer, signal);
    expect(verdict.score, verdict.reason).toBe(right ? 1 : 0);
    expect(verdict.extracted === null).toBe(!found);
    expect(verdict).toMatchObject({ grader: 'code/2', inProcess: false });
    expect(verdict.reason).not.toBe('');
  });
});

it('runs the same code against the same tests once, however it is told, and what ran out of time again', async () => {
  let runs = 0;
  const counting = {
    ...sandbox,
    runCode: (...[start, aborted]: Parameters<typeof sandbox.runCode>) => {
      runs += 1;
      const endless = start.code.includes('while True');
      return sandbox.runCode(endless ? { ...start, timeoutMs: 300 } : start, aborted);
    },
  };
  const counted = createGrading({ sandbox: async () => counting, mathVerify: noLatex });
  const ask = (text: string, gold = forms['asserts'] as Query['gold']) =>
    counted.grade({ ...base(), gold }, text, signal);
  const block = '```python\ndef double(x):\n    return 2 * x\n```';
  const verdicts = await Promise.all([ask(block), ask(`Here it is:\n${block}`), ask(block)]);
  expect(verdicts.map(({ score }) => score)).toEqual([1, 1, 1]);
  expect(runs).toBe(1);
  const other = { ...forms['asserts'], tests: ['assert double(2) == 5'] } as Query['gold'];
  expect((await ask(block, other)).score).toBe(0);
  expect(runs).toBe(2);
  const endless = '```python\nwhile True:\n    pass\ndef double(x):\n    return 2 * x\n```';
  for (const verdict of [await ask(endless), await ask(endless)])
    expect(verdict).toMatchObject({ score: 0, reason: expect.stringContaining('ran past') });
  expect(runs).toBe(4);
}, 120_000);

it('names the test that fails, and counts the others', async () => {
  const gold = {
    ...forms['asserts'],
    tests: ['assert double(1) == 2', 'assert double(2) == 5'],
  } as Query['gold'];
  const verdict = await grading.grade(
    { ...base(), gold },
    '```python\ndef double(x):\n    return 2 * x\n```',
    signal,
  );
  expect(verdict).toMatchObject({ score: 0, reason: expect.stringContaining('1 of 2 tests pass') });
});

it('a query without gold is never right', async () => {
  const verdict = await grading.grade({ ...base(), gold: { kind: 'none' } }, '42', signal);
  expect(verdict).toMatchObject({ score: 0, extracted: null });
});

function base(): Omit<Query, 'gold'> {
  return {
    id: '0'.repeat(32),
    text: 'Write double(x).',
    source: 'humaneval',
    subject: '',
    split: 'test',
    licence: '',
  };
}
