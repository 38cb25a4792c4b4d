/** Every program of the pool has the unified form, runs to an answer with scripted replies, and stays within its expected calls. */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseProgram, readPool } from '../../../activities/mas/pool.ts';
import type { PendingCall, Sandbox } from '../../../activities/sandbox/sandbox.ts';
import type { HostReply } from '../../../workflows/shared/program.ts';
import { runProgram, testSandbox } from '../../support/sandbox.ts';

const pool = await readPool();
const never = new AbortController().signal;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await testSandbox();
});

type Script = (prompt: string) => string;

const scripts: Record<string, Script> = {
  /** A model that answers as it is asked. */
  obedient: (prompt) => {
    if (/"large scale"/.test(prompt))
      return '{"think": "", "basic": ["assert double(2) == 4"], "edge": ["assert double(0) == 0"], "large scale": []}';
    if (/"function"/.test(prompt)) return '{"think": "", "function": "def double(x):"}';
    if (/"experts"/.test(prompt)) return '{"experts": ["a poet", "a judge", "a cook"]}';
    if (/<Code Solution>/.test(prompt))
      return '<Code Solution>\ndef double(x):\n    return 2 * x\n</Code Solution>';
    if (/variable named `output`/.test(prompt)) return '```python\noutput = 6 * 7\n```';
    if (/Review the solution/.test(prompt)) return 'The solution is sound.';
    if (/This script was run/.test(prompt)) return `Final Answer: ${/Final output: (\S+)/.exec(prompt)?.[1]}`;
    return 'I reason.\nFinal Answer: 42';
  },
  /** A model that keeps to no format and never finds its work good. */
  unruly: (prompt) => (/Review the solution/.test(prompt) ? 'It is wrong.' : 'Perhaps.'),
  /** Its code is always wrong, its scripts raise. */
  clumsy: (prompt) => {
    if (/"large scale"/.test(prompt))
      return '{"basic": ["assert double(2) == 4"], "edge": [], "large scale": []}';
    if (/<Code Solution>/.test(prompt))
      return '<Code Solution>\ndef double(x):\n    return x\n</Code Solution>';
    if (/variable named `output`/.test(prompt)) return '```python\n1 / 0\n```';
    return '';
  },
};

function serve(script: Script) {
  return async ({ call }: PendingCall): Promise<HostReply> => {
    if (call.method === 'chat') return { ok: true, value: script(call.args.messages.at(-1)?.content ?? '') };
    if (call.method === 'websearch') return { ok: true, value: [] };
    const tests = call.method === 'testCode' ? call.args.tests : [];
    const outcome = await sandbox.runCode({ code: call.args.code, tests, timeoutMs: 5_000 }, never);
    return { ok: true, value: call.method === 'testCode' ? outcome : outcome.text };
  };
}

describe('registry', () => {
  it('holds at least 8 programs and finds them by name and alias', () => {
    expect(pool.list().length).toBeGreaterThanOrEqual(8);
    expect(pool.get('debate')).toBe(pool.get('llm-debate'));
    expect(() => pool.get('no-such')).toThrow(
      /the pool has no program "no-such"; it has code-with-tests, cot, /,
    );
    expect(new Set(pool.list().map(({ sha256 }) => sha256)).size).toBe(pool.list().length);
  });

  it('keeps the header out of the source, and refuses a wrong one', () => {
    for (const { source } of pool.list()) expect(source).toMatch(/^from utils import \*\n/);
    expect(() => parseProgram('x.py', '# name: x\n\nfrom utils import *\n')).toThrow(/pool program x\.py/);
  });
});

describe.each(pool.list())('$id', ({ source, calls }) => {
  it('has the unified form', async () => expect(await sandbox.check(source)).toEqual({ ok: true }));

  it.each(Object.keys(scripts))('answers within its expected calls: %s model', async (name) => {
    const run = await runProgram(sandbox, source, {
      query: 'What is 6 * 7?',
      reply: serve(scripts[name] ?? String),
    });
    expect(run.outcome).toMatchObject({ status: 'answered' });
    const made = run.calls.filter(({ call }) => call.method === 'chat').length;
    expect(made).toBeGreaterThanOrEqual(calls.min);
    expect(made).toBeLessThanOrEqual(calls.max);
    if (name === 'obedient' && run.outcome.status === 'answered')
      expect(run.outcome.answer).toMatch(/42|return 2 \* x/);
  });
});
