/**
 * Wrong solutions that try to be judged right. Where the tests take plain values from the code, none passes; where a test
 * needs the code's own process, its verdict says that it was formed there.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testSandbox } from '../../support/sandbox.ts';
import { testScience } from '../../support/science.ts';

const sandbox = await testSandbox('auto', { science: testScience() });
const never = new AbortController().signal;

interface Cheat {
  readonly name: string;
  readonly code: string;
  /** It passes where tests run in the code's process, which shows that it is a cheat at all. */
  readonly foolsNaive: boolean;
}

const source = readFileSync(new URL('programs/cheats.py', import.meta.url), 'utf8');
const cheats: readonly Cheat[] = source
  .split(/^# cheat: /m)
  .slice(1)
  .map((section) => {
    const [title = '', ...lines] = section.split('\n');
    const name = title.replace(' (fools a naive judge)', '');
    return { name, code: lines.join('\n'), foolsNaive: name !== title };
  });

/** Each as upstreams and models write tests; all of them fail for a wrong `double`. */
const forms: Readonly<Record<string, readonly string[]>> = {
  equality: ['assert double(2) == 4', 'assert double(-3) == -6, "negative"', 'assert 1.0 == double(0.5)'],
  'a check function': [
    'def check(candidate):\n    for x in (2, 5, -3):\n        assert candidate(x) == x + x\n    assert candidate(0.5) == 1.0\n\ncheck(double)\n',
  ],
  tolerance: [
    'assert abs(double(2) - 4) < 1e-9',
    'import math\nassert math.isclose(double(3), 6)',
    'assert round(double(2.5), 3) == 5.0',
    'assert 3.9 < double(2) < 4.1',
  ],
  truth: [
    'assert (double(2) == 4) is True',
    'assert not double(2) != 4',
    'assert double(3) is not None and double(3) == 6',
    'assert isinstance(double(2), int) and double(2) == 4',
  ],
  containers: [
    'assert [double(x) for x in (1, 2, 3)] == [2, 4, 6]',
    'assert sorted([double(2), double(1)]) == [2, 4]',
    'assert {double(3)} == {6}',
    "assert str(double(2)) == '4'",
    'assert double(2) in (4,)',
    'result = double(2)\nassert result == 4',
  ],
};

it('knows at least 20 cheats, of which several fool a naive judge', async () => {
  expect(cheats.length).toBeGreaterThanOrEqual(20);
  const fooled = cheats.filter(({ foolsNaive }) => foolsNaive);
  expect(fooled.length).toBeGreaterThanOrEqual(4);
  for (const { name, code } of fooled) {
    const naive = `${code}\nassert double(2) == 4\noutput = 'passed'`;
    const { text } = await sandbox.runCode({ code: naive, tests: [], timeoutMs: 10_000 }, never);
    expect(text, name).toMatch(/^Final output: passed/);
  }
});

it('the tests pass for an honest solution, in no process but theirs', async () => {
  const code = 'def double(x):\n    return 2 * x';
  for (const entryPoint of ['double', undefined]) {
    for (const [form, tests] of Object.entries(forms)) {
      const outcome = await run(code, tests, entryPoint);
      expect(outcome.tests, form).toEqual(
        tests.map(() => ({ status: 'pass', message: '', inProcess: false })),
      );
    }
  }
});

describe.each(cheats)('$name', ({ code }) => {
  it('is never judged right from plain values', async () => {
    const tests = Object.values(forms).flat();
    const outcome = await run(code, tests, 'double');
    expect(outcome.tests).toHaveLength(tests.length);
    expect(outcome.tests.filter(({ status }) => status === 'pass')).toEqual([]);
  });

  it('is not believed where nothing says what is under test', async () => {
    const outcome = await run(code, [...forms['equality']!, ...forms['tolerance']!], undefined);
    expect(outcome.tests.filter(({ status, inProcess }) => status === 'pass' && !inProcess)).toEqual([]);
  });
});

describe('verdicts in which the code has a say are marked', () => {
  const boxed =
    'class Always:\n    def __eq__(self, other): return True\nclass Box:\n    value = Always()\n    def __init__(self, x): pass\ndef double(x): return Always()';
  it.each([
    ['a class of the code', boxed, ['assert Box(2).value == 4'], undefined],
    ['a class of the code besides the function', boxed, ['assert Box(2).value == 4'], 'double'],
    [
      'a function as argument',
      'class A:\n    def __eq__(self, o): return True\ndef apply(f, x): return A()',
      ['assert apply(lambda x: 2 * x, 2) == 4'],
      'apply',
    ],
    [
      'an attribute of the result',
      'class A:\n    val = None\n    def __eq__(self, o): return True\n    def __getattr__(self, n): return A()\ndef node(x):\n    a = A()\n    a.val = A()\n    return a',
      ['assert node(2).val == 4'],
      'node',
    ],
    [
      'a comparison of its own',
      'def isclose(a, b): return True\ndef double(x): return 77',
      ['assert isclose(double(2), 4)'],
      undefined,
    ],
    [
      'a changed argument',
      'def merge(into, other): into.clear(); other.clear(); return into',
      ['a, b = [1], [2]\nassert merge(a, b) == b'],
      'merge',
    ],
    [
      'an overridden builtin',
      'def abs(x): return 0\ndef double(x): return 77',
      ['assert abs(double(2) - 4) < 1'],
      undefined,
    ],
  ])('%s', async (_, code, tests, entryPoint) => {
    const outcome = await run(code, tests, entryPoint);
    expect(outcome.tests).toEqual([{ status: 'pass', message: '', inProcess: true }]);
  });

  it('with a known function, helpers that tests name are the genuine ones', async () => {
    const code =
      'def isclose(a, b): return True\nisclose.__module__ = "math"\ndef abs(x): return 0\nmath = None\ndef double(x): return 77';
    const tests = [
      'assert isclose(double(2), 4)',
      'assert abs(double(2) - 4) < 1',
      'assert math.floor(double(2)) == 4',
    ];
    const outcome = await run(code, tests, 'double');
    expect(outcome.tests.map(({ status, inProcess }) => [status, inProcess])).toEqual([
      ['fail', false],
      ['fail', false],
      ['fail', false],
    ]);
  });

  it('a prelude brings helpers that the code cannot replace', async () => {
    const code = 'def invert(x): return x\ndef double(x): return 77';
    const start = { code, tests: ['assert invert(double(2)) == -4'], timeoutMs: 10_000 };
    const prelude = 'def invert(x):\n    return -x\n\ndef double(x):\n    """Twice x."""\n';
    const outcome = await sandbox.runCode({ ...start, entryPoint: 'double', prelude }, never);
    expect(outcome.tests).toMatchObject([{ status: 'fail', inProcess: false }]);
  });
});

async function run(code: string, tests: readonly string[], entryPoint: string | undefined) {
  const timeoutMs = /never returns|while True: pass/.test(code) ? 1_000 : 20_000;
  return await sandbox.runCode({ code, tests, timeoutMs, ...(entryPoint ? { entryPoint } : {}) }, never);
}
