/**
 * Bad programs and bad replies through the runner with its journal: each ends as data with a named kind and a message by
 * which a model could repair the program, or with a named failure of the model; the same runner then runs the next one.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createProgramRunner,
  type ExecutionSpec,
  type ProgramRunner,
} from '../../../activities/mas/run-program.ts';
import type { Behaviour } from '../../support/fake-openai.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let runner: ProgramRunner;
const never = new AbortController().signal;

beforeAll(async () => {
  parts = await masParts();
  runner = createProgramRunner(parts.services);
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const healthy = programOf("return 'healthy ' + self.llm.call_llm('program')[-7:]");
const mas = (init: string, forward: string): string =>
  `class MAS:\n    def __init__(self, model_list${init}): pass\n    def forward(self, taskInfo): ${forward}\n`;

function specOf(source: string): ExecutionSpec {
  const sha256 = createHash('sha256').update(source).digest('hex');
  return parts.spec('pass', { program: { id: 'bad', sha256, source } });
}

async function worksAfterwards(): Promise<void> {
  parts.llm.behave({ type: 'answer' });
  const next = await runner.run({ ...specOf(healthy), repeat: Math.floor(Math.random() * 1e6) }, never);
  expect(next).toMatchObject({ status: 'answered', answer: 'healthy program' });
}

describe('programs', () => {
  it.each<[name: string, source: string, kind: string | null, message: RegExp]>([
    ['1 MB of comments', `${healthy}#${'x'.repeat(1_000_000)}`, null, /^healthy program$/],
    ['over 1 MiB', `${healthy}#${'x'.repeat(1 << 20)}`, 'syntax', /at most 1048576/],
    ['zero bytes', '', 'shape', /no class MAS: define `class MAS:`/],
    ['a NUL', healthy.replace('healthy', 'heal\0thy'), 'syntax', /null byte/],
    ['a byte order mark', `\ufeff${healthy}`, null, /^healthy program$/],
    [
      'tabs and Windows line ends',
      healthy.replaceAll('    ', '\t').replaceAll('\n', '\r\n'),
      null,
      /^healthy program$/,
    ],
    ['no MAS', 'def forward(taskInfo):\n    return taskInfo\n', 'shape', /no class MAS/],
    ['two classes MAS', `${healthy}\n${healthy}`, 'shape', /defined 2 times \(lines 3 and/],
    ['__init__ with other arguments', mas(', rounds', 'return "x"'), 'shape', /requires rounds/],
    [
      'forward that returns None',
      mas('', 'pass'),
      'noAnswer',
      /returned None: it must return the answer as a string/,
    ],
    ['forward that returns bytes', mas('', "return b'x'"), 'noAnswer', /type bytes/],
    ['forward that returns a list', mas('', "return ['x']"), 'noAnswer', /type list/],
    [
      'forward that returns 10 MB',
      mas('', "return 'x' * 10_000_000"),
      'answerTooLarge',
      /10000000 bytes: at most 262144/,
    ],
    [
      '100 MB printed',
      mas('', "return [print('x' * (1 << 20)) for _ in range(100)] and 'printed'"),
      null,
      /^printed$/,
    ],
    [
      'BaseException',
      mas('', "raise BaseException('out')"),
      'raised',
      /line 3, in forward\n.*\nBaseException: out/,
    ],
    [
      'sys.exit',
      `import sys\n${mas('', 'sys.exit(1)')}`,
      'exited',
      /SystemExit: 1: .*return the answer from forward/,
    ],
    [
      'os._exit',
      `import os\n${mas('', 'os._exit(0)')}`,
      'exited',
      /status 0: return the answer from forward/,
    ],
    [
      'a library of its own',
      `class LLM:\n    pass\n${mas('', 'return type(LLM()).__name__')}`,
      null,
      /^LLM$/,
    ],
    [
      'a broken library',
      `import utils\nutils.LLM = None\nfrom utils import *\n${mas('', 'return LLM([]).call_llm("x")')}`,
      'raised',
      /'NoneType' object is not callable/,
    ],
  ])('%s', async (_, source, kind, message) => {
    const { status, answer, failure } = await runner.run(specOf(source), never);
    if (kind === null) expect([status, answer]).toEqual(['answered', expect.stringMatching(message)]);
    else expect([status, failure]).toEqual(['failed', { kind, message: expect.stringMatching(message) }]);
    await worksAfterwards();
  });
});

describe('replies', () => {
  const body = "reply = self.llm.call_llm('ask')\nreturn f'{len(reply)} {reply[:3]!r} {reply[-3:]!r}'";

  it.each<[name: string, behaviour: Behaviour, answer: string]>([
    ['an empty text', { type: 'answer', text: '' }, "0 '' ''"],
    ['white space', { type: 'answer', text: ' \n ' }, "0 '' ''"],
    ['thoughts alone', { type: 'answer', text: '<think>hm</think>' }, "0 '' ''"],
    ['1 MB', { type: 'answer', text: 'x'.repeat(1_000_000) }, "1000000 'xxx' 'xxx'"],
    [
      'a NUL and half a surrogate pair',
      { type: 'answer', text: 'a\0\ud800b' },
      String.raw`4 'a\x00\ud800' '\x00\ud800b'`,
    ],
    ['every plane of Unicode', { type: 'answer', text: 'é漢🙂' }, "3 'é漢🙂' 'é漢🙂'"],
  ])('%s', async (name, behaviour, answer) => {
    parts.llm.behave(behaviour);
    const execution = await runner.run(parts.spec(`${body}  # ${name}`), never);
    expect(execution).toMatchObject({ status: 'answered' });
    expect(execution.answer.slice(0, 30)).toBe(answer.slice(0, 30));
    await worksAfterwards();
  });

  it('1 MB, put into the next prompt', async () => {
    parts.llm.behave({ type: 'answer', text: 'x'.repeat(1_000_000) });
    const execution = await runner.run(
      parts.spec("return self.llm.call_llm('so: ' + self.llm.call_llm('long') * 2)"),
      never,
    );
    expect(execution.failure).toEqual({
      kind: 'badCall',
      message: expect.stringMatching(/messages\.0\.content: .*1048576/),
    });
    await worksAfterwards();
  });

  it.each<[name: string, behaviour: Behaviour, message: RegExp]>([
    ['not UTF-8', { type: 'raw', bytes: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }, /not UTF-8/],
    ['no bytes', { type: 'raw', bytes: Buffer.alloc(0) }, /empty reply/],
    ['no JSON', { type: 'raw', bytes: Buffer.from('<html>') }, /not JSON/],
    ['no completion', { type: 'raw', bytes: Buffer.from('{}') }, /no chat completion/],
  ])('bytes that are %s', async (name, behaviour, message) => {
    parts.llm.behave(behaviour);
    await expect(runner.run(parts.spec(`${body}  # ${name}`), never)).rejects.toMatchObject({
      type: 'Llm.BadReply',
      message: expect.stringMatching(message),
    });
    await worksAfterwards();
  });
});
