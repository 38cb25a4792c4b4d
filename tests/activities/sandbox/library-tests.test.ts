/** Tests of code, judged in a process that the code never enters: which values cross, and what then needs the code's own. */
import { describe, expect, it } from 'vitest';
import { testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const never = new AbortController().signal;

describe('tests in a process of their own', () => {
  const verdicts = async (source: string, ...tests: string[]): Promise<unknown> =>
    (await sandbox.runCode({ code: source, tests, timeoutMs: 15_000 }, never)).tests.map(
      ({ status, message, inProcess }) => [status, message, inProcess],
    );
  const passed = ['pass', '', false];

  it.each([
    ['None True False 0 -1 1.5 1e300 "" "ü" b"x"', 'f(x) == x'],
    [
      '[] [1,[2,"a"]] () (1,) {1,2} frozenset({1}) {"a":{1:(2,)}} range(3) 1j',
      'f(x) == x and type(f(x)) is type(x)',
    ],
    ['10**400 -(2**70) 2**53+1', 'f(x) == x'],
    ['"\\ud800" "a\\0b" "\\n"', 'f(x) == x'],
  ])('values come back as they are: %s', async (values, form) => {
    const tests = values.split(' ').map((value) => `x = ${value}\nassert ${form}`);
    expect(await verdicts('def f(x): return x', ...tests)).toEqual(tests.map(() => passed));
  });

  it.each([
    [
      'floats that are no numbers',
      'def f(): return [float("inf"), float("nan")]',
      'a, b = f()\nassert a > 1e308 and b != b',
    ],
    [
      'library values',
      'from fractions import Fraction as F\nfrom decimal import Decimal as D\nfrom datetime import *\nfrom collections import *\ndef f(): return [F(1, 3), D("1.5"), date(2020, 1, 2), timedelta(days=1), Counter("aab"), deque([1]), defaultdict(int, a=1), OrderedDict(b=2)]',
      'from fractions import Fraction\nfrom decimal import Decimal\nimport datetime, collections\nassert f() == [Fraction(1, 3), Decimal("1.5"), datetime.date(2020, 1, 2), datetime.timedelta(1), {"a": 2, "b": 1}, collections.deque([1]), {"a": 1}, {"b": 2}]',
    ],
    [
      'generators',
      'def f(n):\n  for k in range(n): yield k',
      'assert list(f(3)) == [0, 1, 2] and sum(f(4)) == 6 and f(1) != [0]',
    ],
    [
      'endless generators',
      'def f():\n  k = 0\n  while True:\n    yield k\n    k += 1',
      'import itertools\nassert list(itertools.islice(f(), 3)) == [0, 1, 2]',
    ],
    [
      'views',
      'def f(d): return d.keys(), d.values(), d.items()',
      'k, v, i = f({1: 2})\nassert k == {1} and list(v) == [2] and list(i) == [(1, 2)]',
    ],
    [
      'named tuples and enums by what they hold',
      'import collections, enum\nP = collections.namedtuple("P", "x y")\nclass E(enum.IntEnum):\n  A = 4\ndef f(): return [P(1, 2), E.A]',
      'assert f() == [(1, 2), 4]',
    ],
    [
      'errors, by name',
      'class Mine(ValueError): pass\ndef f(): raise Mine("no")',
      'try:\n  f()\nexcept ValueError as e:\n  assert str(e) == "no" and type(e).__name__ == "Mine"\nelse:\n  assert False',
    ],
    [
      'loops and helpers of a test',
      'def f(x): return x * x',
      'def g(x): return x ** 2\nfor k in range(20):\n  assert f(k) == g(k), k',
    ],
    ['plain values of the code', 'LIMIT = [1, 2]\ndef f(): LIMIT.append(3)', 'f()\nassert LIMIT == [1, 2]'],
    ['keyword arguments', 'def f(a, *, b=1): return a - b', 'assert f(3, b=2) == 1'],
  ])('%s', async (_, source, test) => {
    expect(await verdicts(source, test)).toEqual([passed]);
  });

  it('what needs the code itself runs with it, with the names of the tests before', async () => {
    const stack =
      'class Stack:\n  def __init__(self): self.items = []\n  def push(self, x): self.items.append(x)\n  def pop(self): return self.items.pop()\ndef top(s): return s.items[-1]';
    const tests = [
      's = Stack()',
      's.push(3)\ns.push(4)',
      'assert top(s) == 4',
      'assert s.pop() == 5, "five"',
      'assert 1 + 1 == 2',
    ];
    expect(await verdicts(stack, ...tests)).toEqual([
      ...[1, 2, 3].map(() => ['pass', '', true]),
      ['fail', 'AssertionError: five', true],
      passed,
    ]);
  });

  it('a test that does not parse, or names what is not there, says so', async () => {
    expect(
      await verdicts('def f(): return 1', 'assert f( == 1', 'assert g() == 1', 'assert f(2) == 1'),
    ).toEqual([
      ['error', expect.stringMatching(/^SyntaxError/), false],
      ['error', "NameError: name 'g' is not defined", false],
      ['error', expect.stringMatching(/^TypeError: f\(\) takes 0 positional/), false],
    ]);
  });

  it('verdicts before the time was out, or the code gone, stand', async () => {
    const source =
      'import os\ndef f(x):\n  print("called", x)\n  while x == 2: pass\n  if x == 3: os._exit(0)\n  return x';
    const run = (tests: string[], timeoutMs: number) =>
      sandbox.runCode({ code: source, tests, timeoutMs }, never);
    expect(await run(['assert f(1) == 1', 'assert f(2) == 2', 'assert f(1) == 1'], 1_500)).toMatchObject({
      status: 'timeout',
      stdout: 'called 1\ncalled 2\n',
      tests: [{ status: 'pass' }, { status: 'error', message: 'Execution Time Out' }, { status: 'error' }],
    });
    const gone = { status: 'error', message: expect.stringMatching(/the code ended its process/) };
    expect(await run(['assert f(1) == 1', 'assert f(3) == 3', 'assert f(1) == 1'], 15_000)).toMatchObject({
      status: 'done',
      tests: [{ status: 'pass' }, gone, gone],
    });
  });
});
