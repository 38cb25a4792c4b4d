/** The library that programs import: each name's contract, against scripted replies and the real code runner. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PendingCall } from '../../../activities/sandbox/sandbox.ts';
import type { HostReply } from '../../../workflows/shared/program.ts';
import { echo, programOf, runProgram, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const never = new AbortController().signal;

/** Serves code as the answer core does. */
async function serve(pending: PendingCall): Promise<HostReply> {
  const { call } = pending;
  if (call.method !== 'executeCode' && call.method !== 'testCode') return echo(pending);
  const tests = call.method === 'testCode' ? call.args.tests : [];
  const outcome = await sandbox.runCode(
    { code: call.args.code, tests, timeoutMs: call.args.timeoutS * 1_000 },
    never,
  );
  return { ok: true, value: call.method === 'executeCode' ? outcome.text : outcome };
}

async function answerOf(
  body: string,
  reply?: (call: PendingCall) => HostReply | Promise<HostReply>,
): Promise<unknown> {
  const { outcome } = await runProgram(
    sandbox,
    programOf(`def run():\n${body.replace(/^/gm, '    ')}\nreturn json.dumps(run())`),
    {
      reply: reply ?? serve,
    },
  );
  if (outcome.status === 'failed') throw new Error(`${outcome.kind}: ${outcome.message}`);
  return JSON.parse(outcome.answer);
}

/** Chat replies in turn; the last one repeats. */
function replies(...texts: string[]): () => HostReply {
  return () => ({ ok: true, value: texts.length > 1 ? texts.shift() : texts[0] });
}

const code = (text: string): string => `return execute_code(${JSON.stringify(text)}, timeout=5)`;

describe('LLM', () => {
  it('sends one user message, at most 2,048 new tokens, temperature 0.5', async () => {
    const { calls } = await runProgram(sandbox, programOf("return self.llm.call_llm('hi')"));
    expect(calls.map(({ call }) => call)).toEqual([
      {
        method: 'chat',
        args: { messages: [{ role: 'user', content: 'hi' }], temperature: 0.5, maxTokens: 2048 },
      },
    ]);
  });

  it.each([
    ['<think>a\nb</think>\n\nanswer', 'answer'],
    ['<think>x</think>one<think>y</think> two', 'one two'],
    ['reasoning</think>answer', 'answer'],
    ['', ''],
    ['plain', 'plain'],
  ])('removes thinking from %j', async (reply, text) => {
    expect(await answerOf("return self.llm.call_llm('x')", replies(reply))).toBe(text);
  });

  it('raises when a call failed, where it was made', async () => {
    const failed = (): HostReply => ({
      ok: false,
      error: { type: 'Llm.ContextTooLong', message: 'prompt of 9,000 tokens' },
    });
    expect(
      await answerOf("try:\n    self.llm.call_llm('x')\nexcept CallFailed as e:\n    return str(e)", failed),
    ).toBe('Llm.ContextTooLong: prompt of 9,000 tokens');
    const { outcome } = await runProgram(sandbox, programOf("return self.llm.call_llm('x')"), {
      reply: failed,
    });
    expect(outcome).toMatchObject({
      status: 'failed',
      kind: 'raised',
      message: expect.stringMatching(/CallFailed: Llm\.ContextTooLong/),
    });
  });

  it.each([
    ['self.llm.call_llm(None)', /TypeError: call_llm: prompt must be a string, not NoneType/],
    ["self.llm.call_llm('x', 7)", /ValueError: temperature must be a number from 0 to 2, not 7/],
    ["self.llm.call_llm('x', 'hot')", /temperature must be a number/],
    [
      "self.llm.multi_turn_conversation('x', [{'role': 'tool', 'content': 'x'}])",
      /each message must be a dict/,
    ],
  ])('%s raises in the program', async (call, message) => {
    const { outcome } = await runProgram(sandbox, programOf(`return ${call}`));
    expect(outcome).toMatchObject({ kind: 'raised', message: expect.stringMatching(message) });
  });
});

describe('execute_code', () => {
  it.each([
    ['', 'Empty code. No output.'],
    ['output = 6 * 7', 'Final output: 42\nPrint during execution:\n'],
    ['print("a")\noutput = "ü"', 'Final output: ü\nPrint during execution:\na\n'],
    ['x = 1', 'Final output: None\nPrint during execution:\n'],
    ['```python\noutput = 1\n```', 'Final output: 1\nPrint during execution:\n'],
    [
      'def f(n):\n  return 1 if n == 0 else n * f(n - 1)\ndef g(): return f(5)\noutput = g()',
      'Final output: 120\nPrint during execution:\n',
    ],
    [
      'output = math.sqrt(16) + random.random() * 0 + len(os.sep) + len(sys.argv) * 0',
      'Final output: 5.0\nPrint during execution:\n',
    ],
    ['while True: pass', 'Execution Time Out'],
    [
      'x = 1\ny = x / 0',
      'Get the following error during code execution:\nZeroDivisionError: division by zero\nThe error occurred at line 2 in the code:\ny = x / 0',
    ],
    [
      'print("before")\nraise ValueError("bad")',
      'Get the following error during code execution:\nValueError: bad\nThe error occurred at line 2 in the code:\nraise ValueError("bad")\nPrint during execution:\nbefore\n',
    ],
    [
      'def f(:',
      expect.stringMatching(
        /^Get the following error during code execution:\nSyntaxError: [^\n]+\nThe error occurred at line 1 in the code:\ndef f\(:$/,
      ),
    ],
    [
      'import sys\nsys.exit(2)',
      'Get the following error during code execution:\nSystemExit: 2\nThe error occurred at line 2 in the code:\nsys.exit(2)',
    ],
    [
      'import os\nos._exit(1)',
      expect.stringMatching(
        /^Get the following error during code execution:\nKilled: the code ended its process/,
      ),
    ],
    ['x = []\nwhile True: x.append(bytearray(1 << 22))', expect.stringMatching(/MemoryError/)],
    [
      'def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n > 0 and even(n - 1)\nclass A:\n  def go(self): return [even(k) for k in range(3)]\noutput = A().go()',
      'Final output: [True, False, True]\nPrint during execution:\n',
    ],
    ['output = "日本 ✓ \\ud800"', 'Final output: 日本 ✓ \ufffd\nPrint during execution:\n'],
    [
      'import os\nprint("said")\nprint("half", end="")\nos._exit(0)',
      expect.stringMatching(/Killed: the code ended its process[^]*\nPrint during execution:\nsaid\n$/),
    ],
    [
      'import ctypes\nprint("said")\nctypes.string_at(0)',
      expect.stringMatching(/Killed: the code crashed its interpreter[^]*\nPrint during execution:\nsaid\n$/),
    ],
    [
      'print("said")\nx = []\nwhile True: x.append(bytearray(1 << 22))',
      expect.stringMatching(/MemoryError[^]*\nPrint during execution:\nsaid\n$/),
    ],
    ['from utils import *', expect.stringMatching(/ModuleNotFoundError: No module named 'utils'/)],
    ['if __name__ == "__main__":\n  output = "main"', 'Final output: main\nPrint during execution:\n'],
    [
      'class E(Exception):\n  def __str__(self): raise E()\nraise E()',
      expect.stringMatching(/cannot be shown/),
    ],
  ])('%j', async (text, expected) => {
    expect(
      await answerOf(
        text === 'while True: pass' ? code(text).replace('timeout=5', 'timeout=0.3') : code(text),
      ),
    ).toEqual(expected);
  });

  it('keeps what was printed before the time was out', async () => {
    const slow = 'print("first")\nfor i in range(2000): print(i)\nwhile True: pass';
    const text = String(await answerOf(code(slow).replace('timeout=5', 'timeout=1.5')));
    expect(text).toMatch(/^Execution Time Out\nPrint during execution:\nfirst\n0\n1\n/);
    // The last lines may wait for a full KiB.
    expect(text.split('\n').length).toBeGreaterThan(1_700);
  });

  it('takes timeouts as programs give them, and code that is too long', async () => {
    const timeouts: unknown[] = [];
    const reply = (pending: PendingCall): HostReply => {
      if (pending.call.method === 'executeCode') timeouts.push(pending.call.args.timeoutS);
      return { ok: true, value: 'done' };
    };
    const body =
      "return [execute_code('1', t) for t in (None, 5, 0.5, 1000)] + [execute_code('#' * 2_000_000)]";
    expect(await answerOf(body, reply)).toEqual([
      ...['done', 'done', 'done', 'done'],
      expect.stringMatching(/ValueError: the code has more than 1048576 characters/),
    ]);
    expect(timeouts).toEqual([30, 5, 0.5, 120]);
    const { outcome } = await runProgram(sandbox, programOf("return execute_code('1', timeout=-1)"));
    expect(outcome).toMatchObject({
      kind: 'raised',
      message: expect.stringMatching(/timeout must be a positive/),
    });
  });

  it('cuts what is printed at 64 KB and an output of 5 MB', async () => {
    const text = String(await answerOf(code("print('p' * 5_000_000)\noutput = 'o' * 5_000_000")));
    expect(text.length).toBeLessThan(140_000);
    expect(text).toMatch(/^Final output: o+… \(cut\)\nPrint during execution:\np+\n… \(cut\)$/);
  });

  it.each([
    ['printed lines', { t: 'printed', text: 'x' }],
    ['rest', { t: 'idle' }],
    ['calls', { t: 'call', id: 1, method: 'serve', args: { told: '' } }],
  ])('a flood of %s ends the code', async (_, frame) => {
    const flood = `import os, json\nframe = (json.dumps(${JSON.stringify(frame)}) + "\\n").encode() * 100\nwhile True: os.write(3, frame)`;
    expect(await answerOf(code(flood).replace('timeout=5', 'timeout=60'))).toMatch(
      /Killed: the code sent too much/,
    );
  });

  it('has no host to call and survives forged results', async () => {
    const forged =
      "import os, json\nos.write(3, (json.dumps({'t': 'done', 'answer': 'x', 'stdout': ''}) + '\\n').encode())\noutput = 1";
    expect(await answerOf(code(forged))).toMatch(/Killed: the code wrote to the control socket/);
  });
});

describe('test_code_get_feedback', () => {
  it('names each test with pass, fail or error', async () => {
    const source = 'def f(x):\n    return x + 1';
    const tests = [
      'assert f(1) == 2',
      'assert f(1) == 3, "too small"',
      'assert f("a") == 1',
      'y = f(1)',
      'assert y == 2',
    ];
    expect(
      await answerOf(`return test_code_get_feedback(${JSON.stringify(source)}, ${JSON.stringify(tests)})`),
    ).toEqual([
      false,
      'Test 1 passed\n    assert f(1) == 2\nTest 2 failed: AssertionError: too small\n    assert f(1) == 3, "too small"\n' +
        'Test 3 raised an error: TypeError: can only concatenate str (not "int") to str\n    assert f("a") == 1\n' +
        'Test 4 passed\n    y = f(1)\nTest 5 passed\n    assert y == 2',
    ]);
  });

  it('passes, and tells of code that raises or never ends', async () => {
    expect(await answerOf("return test_code_get_feedback('a = 1', ['assert a == 1'])")).toEqual([
      true,
      'Test 1 passed\n    assert a == 1',
    ]);
    expect(await answerOf("return test_code_get_feedback('', ['assert 1'])")).toEqual([
      false,
      'The code is empty.',
    ]);
    expect(await answerOf("return test_code_get_feedback('1/0', ['assert 1'])")).toEqual([
      false,
      'Get the following error during code execution:\nZeroDivisionError: division by zero\nThe error occurred at line 1 in the code:\n1/0',
    ]);
    expect(
      await answerOf("return test_code_get_feedback('while 1: pass', ['assert 1'], timeout=0.3)"),
    ).toEqual([false, 'Execution Time Out']);
  });
});

describe('calls that ask for a format', () => {
  it('get_function_signature', async () => {
    const call = "return get_function_signature(self.llm, 'task')";
    expect(await answerOf(call, replies('{"think": "t", "function": "def f(x: int) -> int:"}'))).toBe(
      'def f(x: int) -> int:',
    );
    expect(await answerOf(call, replies('I cannot'))).toBe('');
  });

  it('get_test_cases, at temperature 0.3', async () => {
    const call = "return get_test_cases(self.llm, 'task', 'def f(x)')";
    const reply =
      '{"think": "", "basic": ["assert a"], "edge": ["assert b"], "large scale": ["assert c", 5]}';
    expect(await answerOf(call, replies(reply))).toEqual(['assert a', 'assert b', 'assert c']);
    expect(await answerOf(call, replies('none'))).toEqual([]);
    const { calls } = await runProgram(sandbox, programOf("get_test_cases(self.llm, 't', 's')\nreturn ''"));
    expect(calls[0]?.call.args).toMatchObject({ temperature: 0.3 });
  });

  it('generate_and_extract_code, up to three calls', async () => {
    const call = "return generate_and_extract_code(self.llm, 'p')";
    const good = '<Code Solution>x = 1</Code Solution>';
    expect(await answerOf(call, replies('no', good))).toEqual([good, 'x = 1']);
    const { calls, outcome } = await runProgram(
      sandbox,
      programOf("return str(generate_and_extract_code(self.llm, 'p', 0.9))"),
    );
    expect(calls.map(({ occurrence }) => occurrence)).toEqual([0, 1, 2]);
    expect(outcome).toMatchObject({ answer: "('p', '')" });
  });

  it('websearch without a search tool', async () => {
    expect(await answerOf("return websearch('x')")).toEqual([]);
  });
});

it('reads replies by contract', async () => {
  const source = readFileSync(new URL('programs/library.py', import.meta.url), 'utf8');
  expect((await runProgram(sandbox, source)).outcome).toMatchObject({ status: 'answered', answer: '[]' });
});
