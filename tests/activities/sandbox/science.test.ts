/** numpy, pandas and matplotlib: in programs and code under test, from a second warm zygote, at each level of this machine. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { needsScience } from '../../../activities/sandbox/needs-science.ts';
import { prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { openScience } from '../../../activities/sandbox/open-science.ts';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { createScienceChildren } from '../../../activities/sandbox/science-children.ts';
import { sandboxUid } from '../../../activities/sandbox/sandbox-user.ts';
import { startZygote } from '../../../activities/sandbox/zygote.ts';
import type { ReadyPool } from '../../../activities/sandbox/ready-pool.ts';
import { levelsHere, programOf, runProgram, sandboxDirectory, testSandbox } from '../../support/sandbox.ts';
import { testScience } from '../../support/science.ts';

const never = new AbortController().signal;
const levels = await levelsHere();
const head = 'import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt';

async function answer(sandbox: Sandbox, body: string, seed = 'a1', top = head): Promise<unknown> {
  const { outcome } = await runProgram(sandbox, programOf(`return json.dumps(${body})`, top), { seed });
  return outcome.status === 'answered' ? JSON.parse(outcome.answer) : outcome;
}

it.each([
  ['import numpy as np', true],
  ['from matplotlib import pyplot', true],
  ['import json, pandas', true],
  ['x = __import__("numpy")', true],
  ['importlib.import_module("pandas")', true],
  ['output = np.sqrt(2)', true],
  ['df = pd . DataFrame()', true],
  ['prompt = "use numpy."', false],
  ['np = n * p', false],
  ['import statistics\nstop.pd', false],
  ['', false],
  ['import '.repeat(100_000), false],
])('%j needs them: %s', (text, needed) => {
  expect(needsScience(text)).toBe(needed);
});

it.each(levels.filter(({ passed }) => !passed))('level $level is absent here: $reason', ({ reason }) => {
  expect(reason).not.toBe('');
});

describe.each(levels.filter(({ passed }) => passed))('at level $level', async ({ level }) => {
  const sandbox = await testSandbox(level, { science: testScience() });

  it('computes, frames and draws', async () => {
    const body =
      '[float((np.ones((300, 300)) @ np.ones((300, 300))).sum()), pd.DataFrame({"a": [1, 2, 2]}).groupby("a").size().to_dict(), ' +
      'np.linalg.solve([[2.0, 0], [0, 4]], [2, 4]).tolist(), pd.read_csv(io.StringIO("a,b\\n1,2")).to_json(), draw()]';
    const draw =
      'def draw():\n  fig, ax = plt.subplots(subplot_kw={"projection": "3d"} if False else {})\n  ax.plot(np.arange(9), label="ü")\n  ax.set_title(r"$\\sqrt{x}$")\n  ax.legend()\n' +
      '  buffer = __import__("io").BytesIO()\n  for form in ("png", "svg"): fig.savefig(buffer, format=form)\n  return [len(buffer.getvalue()) > 10000, plt.get_backend().lower()]';
    expect(await answer(sandbox, body, 'a1', `${head}\n${draw}`)).toEqual([
      ...[27_000_000, { 1: 1, 2: 2 }, [1, 1], '{"a":{"0":1},"b":{"0":2}}'],
      [true, 'agg'],
    ]);
  });

  it('draws the same numbers for the same seed, others for another, whichever way', async () => {
    const body =
      '[np.random.rand(2).tolist(), np.random.default_rng().random(2).tolist(), np.random.RandomState().rand(), ' +
      'pd.Series(range(1000)).sample(3).tolist(), np.random.permutation(1000).tolist()[:3], pooled()]';
    const pooled =
      'def pooled():\n  with ThreadPoolExecutor(4) as pool:\n    return list(pool.map(lambda n: float(np.random.rand()), range(8)))';
    const top = `from utils import *\n${head}\n${pooled}`;
    const [one, again, other] = (await Promise.all(
      ['a1', 'a1', 'b2'].map((seed) => answer(sandbox, body, seed, top)),
    )) as unknown[][];
    expect(again).toEqual(one);
    for (const [index, value] of (other ?? []).entries()) expect(value).not.toEqual(one?.[index]);
    expect(new Set(one?.at(-1) as number[]).size).toBe(8);
    const seeded = 'np.random.seed(7) or np.random.rand()';
    expect(await answer(sandbox, seeded, 'a1')).toBe(await answer(sandbox, seeded, 'b2'));
  });

  it('leaves programs the memory that they have without them, and no more', async () => {
    const fits = 'float(np.ones(40_000_000).sum())'; // 320 of 512 MB
    expect(await answer(sandbox, fits)).toBe(40_000_000);
    expect(await answer(sandbox, 'float(np.ones(90_000_000).sum())')).toMatchObject({ kind: 'memoryLimit' });
  });

  it('gives code under test the names without an import', async () => {
    const code = 'print(np.arange(3))\noutput = pd.DataFrame({"a": [1]}).shape, plt.get_backend().lower()';
    const { text } = await sandbox.runCode({ code, tests: [], timeoutMs: 20_000 }, never);
    expect(text).toBe("Final output: ((1, 1), 'agg')\nPrint during execution:\n[0 1 2]\n");
  });

  it('judges arrays where the code is not', async () => {
    const code = 'import numpy as np\ndef f(n): return np.arange(n), np.float64(n) / 2, np.int64(n)';
    const tests = [
      'a, b, c = f(3)\nassert a.tolist() == [0, 1, 2] and np.allclose(a, [0, 1, 2]) and b == 1.5 and c == 3',
      'import numpy\nassert isinstance(f(3)[0], numpy.ndarray) and f(3)[0].dtype == numpy.int64',
      'np.testing.assert_allclose(f(2)[0], [0, 1])',
    ];
    const outcome = await sandbox.runCode({ code, tests, timeoutMs: 20_000, entryPoint: 'f' }, never);
    expect(outcome.tests).toEqual(tests.map(() => ({ status: 'pass', message: '', inProcess: false })));
  });

  it('keeps programs apart, and their packages read-only', async () => {
    const tricks = [
      'open(np.__file__, "a")',
      'os.remove(np.__file__)',
      'os.mkdir(os.path.dirname(np.__file__) + "/x")',
      'open("/proc/self/maps")',
      'os.listdir("/var")',
    ];
    const attempt = (trick: string): string => `attempt(lambda: ${trick})`;
    const top = `import numpy as np, os\ndef attempt(trick):\n  try:\n    trick()\n  except OSError as e:\n    return "refused"\n  return "done"`;
    expect(await answer(sandbox, `[${tricks.map(attempt).join(', ')}]`, 'a1', top)).toEqual(
      tricks.map(() => 'refused'),
    );
    await answer(sandbox, 'setattr(np, "left_behind", 1)');
    expect(await answer(sandbox, 'hasattr(np, "left_behind")')).toBe(false);
  });
});

describe('without them', async () => {
  const off = await testSandbox();
  const broken = await testSandbox('auto', {
    science: { ...testScience(), install: () => Promise.reject(new Error('no route to /secret/index')) },
  });

  it.each([
    ['off in the configuration', off, /numpy is not available here: sandbox\.libraries is off/],
    ['not to be installed', broken, /numpy is not available here: it could not be made ready on this worker/],
  ])('when they are %s, the import says so, and other programs run', async (_, sandbox, message) => {
    expect(await answer(sandbox, '1')).toMatchObject({
      kind: 'raised',
      message: expect.stringMatching(message),
    });
    expect(await answer(sandbox, '1')).not.toMatchObject({ message: expect.stringContaining('secret') });
    expect(await answer(sandbox, '6 * 7', 'a1', '')).toBe(42);
    const { text } = await sandbox.runCode({ code: 'output = np.pi', tests: [], timeoutMs: 9_000 }, never);
    expect(text).toMatch(/NameError: name 'np' is not defined/);
  });

  it('a hidden import learns how to ask for them', async () => {
    const sandbox = await testSandbox('auto', { science: testScience() });
    expect(
      await answer(sandbox, '1', 'a1', 'import importlib\nimportlib.import_module("num" + "py")'),
    ).toMatchObject({
      message: expect.stringMatching(/write the import statement into the program/),
    });
  });

  it('belong to the identity of the guest', async () => {
    const on = await testSandbox('auto', { science: testScience() });
    const other = await testSandbox('auto', { science: { ...testScience(), lockSha256: '0'.repeat(64) } });
    expect(new Set([off.guest, on.guest, other.guest]).size).toBe(3);
  });
});

describe('the second zygote', () => {
  const confined = levels.some(({ level, passed }) => level === 'confined' && passed);
  it.runIf(confined)('is refused like the first when it does not hold, and the log says why', async () => {
    const log: string[] = [];
    const parts = await prepareSandbox({ memoryMb: 512, stateDirectory: sandboxDirectory, log: () => {} });
    const { standardLibrary } = parts.python;
    // The host's own directory among those that programs may read.
    const python = { ...parts.python, standardLibrary: [...standardLibrary, sandboxDirectory] };
    const start: typeof parts.start = (at, _, packages) =>
      startZygote({
        ...{ level: at, python, packages, guest: parts.guest.directory, memoryMb: 512, uid: sandboxUid },
        ...{ bubblewrap: '/usr/bin/bwrap', socket: join(sandboxDirectory, 'weak.sock') },
      });
    const children = openScience(testScience(), { ...parts, start }, 'confined', (line) => log.push(line));
    expect(await children.ready()).toMatch(/could not be made ready/);
    await expect(children.take()).rejects.toThrow(/could not be made ready/);
    expect(log.join()).toMatch(/does not hold: a program could read a file of the host/);
    await children.close();
  });

  const pool = (log: string[]): ReadyPool => ({
    take: () => Promise.resolve({} as never),
    zygotePid: () => Promise.resolve(1),
    close: async () => void log.push('closed'),
  });

  it('is opened once, kept while it works, and closed when idle', async () => {
    const log: string[] = [];
    const open = async (): Promise<ReadyPool> => (log.push('opened'), pool(log));
    const children = createScienceChildren({ open, log: () => {}, idleMs: 5 });
    const [one, two] = await Promise.all([children.take(), children.take()]);
    one.done();
    one.done();
    await new Promise((wake) => setTimeout(wake, 30));
    expect(log).toEqual(['opened']);
    two.done();
    await expect.poll(() => log).toEqual(['opened', 'closed']);
    const three = await children.take();
    expect(log).toEqual(['opened', 'closed', 'opened']);
    three.done();
    await children.close();
    expect(log.at(-1)).toBe('closed');
  });
});
