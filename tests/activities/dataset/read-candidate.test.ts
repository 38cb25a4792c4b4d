/** What of a refiner's reply is used, and for what reason the rest is refused; programs are read in the real sandbox. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Candidate, readCandidate, type Refused } from '../../../activities/dataset/read-candidate.ts';
import type { Blobs } from '../../../activities/storage/blobs.ts';
import { createQuery } from '../../../activities/benchmarks/query-id.ts';
import { programOf } from '../../support/mas-parts.ts';
import { testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const stored = new Map<string, string>();
const blobs = {
  put: async (text: string) => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    stored.set(sha256, text);
    return sha256;
  },
} as unknown as Blobs;

const query = createQuery({
  ...{ source: 'gsm8k', subject: '', split: 'train', licence: 'MIT' },
  text: 'Ann has 3 bags of 14 eggs. How many eggs has she? The given code is no matter.',
  gold: { kind: 'number', value: '42' },
});
const source = programOf('return self.llm.call_llm(f"Solve: {taskInfo}")');
const base = { source, reading: await sandbox.read(source) };
const prose = 'The query needs one multiplication, so one careful agent is enough.';
const good = programOf('return self.llm.call_llm(f"You are a tutor. Solve: {taskInfo}")');
const block = (program: string): string => `\`\`\`python\n${program}\`\`\``;
const reply = (program: string, reasoning = prose): string => `${reasoning}\n\n${block(program)}`;

async function read(
  text: string,
  { finishReason = 'stop', wantsReasoning = true } = {},
): Promise<Candidate | Refused> {
  const given = { query, base, wantsReasoning };
  return await readCandidate({ text, finishReason: finishReason as 'stop' }, given, {
    sandbox: async () => sandbox,
    blobs,
  });
}

describe('accepted', () => {
  it.each<[string, string]>([
    ['prose and a block', reply(good)],
    ['words after the block', `${reply(good)}\n\nI hope this helps.`],
    ['thoughts before it', `<think>The original program says 42.\n${block(source)}</think>${reply(good)}`],
    ['headings', `## Reasoning\n\n${prose}\n\n## Program\n\n${block(good)}`],
    ['numbered headings', `1. **Reasoning:**\n${prose}\n\n2. **Program:**\n${block(good)}`],
    ['a py fence', reply(good).replace('```python', '```py')],
    ['Windows line ends', reply(good).replaceAll('\n', '\r\n')],
    ['a sketch before the program', `${prose}\n\n${block('x = 1\n')}\n\n${block(good)}`],
    [
      'a sentence about the original is left out',
      reply(good, `${prose} It differs from the original program.`),
    ],
    ['a reply cut after the program', `${reply(good)}\nFurther`],
    [
      "a program's own fence in a text",
      reply(programOf('tail = """\n```\n"""\nreturn self.llm.call_llm(taskInfo + tail)')),
    ],
    [
      'words that the query uses itself',
      reply(programOf('return self.llm.call_llm(f"Mind the given code. {taskInfo}")')),
    ],
  ])('%s', async (_name, text) => {
    const candidate = await read(text);
    if ('why' in candidate) throw new Error(`refused: ${candidate.why} ${candidate.message}`);
    expect(candidate.reasoning).toBe(prose);
    expect(stored.get(candidate.program.sha256)).toBe(candidate.source);
  });

  it('without reasoning where none is wanted', async () => {
    expect(await read(block(good), { wantsReasoning: false })).toMatchObject({ reasoning: '' });
  });
});

describe('refused', () => {
  const body = (text: string): string => reply(programOf(text));
  it.each<[string, Refused['why'], string]>([
    ['an empty reply', 'noProgram', ''],
    ['prose alone', 'noProgram', prose],
    ['a refusal in words', 'noProgram', 'I am sorry, but I cannot help with that.'],
    ['JSON', 'noProgram', JSON.stringify({ reasoning: prose, program: good })],
    ['a block without a class', 'noProgram', reply('print("hello")\n')],
    ['a block in another language', 'noProgram', reply(good).replace('```python', '```javascript')],
    ['a program in thoughts alone', 'noProgram', `<think>${reply(good)}</think>${prose}`],
    ['a program without a fence', 'noProgram', `${prose}\n\n${good}`],
    [
      'a syntax error',
      'badProgram',
      reply(good.replace('def forward(self, taskInfo):', 'def forward(self, taskInfo:')),
    ],
    ['a wrong indentation', 'badProgram', reply(good.replace('        return', '   return'))],
    ['no forward', 'badProgram', reply(good.replace('forward', 'run'))],
    ['no model_list', 'badProgram', reply(good.replaceAll('model_list', 'models'))],
    ['two classes MAS', 'badProgram', reply(`${good}\n${good}`)],
    ['a forward of two arguments', 'badProgram', reply(good.replace('taskInfo):', 'taskInfo, more):'))],
    ['an unknown name', 'badProgram', body('return self.llm.call_llm(question)')],
    ['a forbidden import', 'badProgram', reply(`import requests\n${good}`)],
    ['a program of 100 KB', 'badProgram', reply(`${good}\nnotes = "${'x'.repeat(100_000)}"\n`)],
    ['no agent', 'noAgents', body('return str(len(taskInfo))')],
    ['an answer without agents', 'noAgents', body('return "42"')],
    [
      'a comment on the original',
      'mentionsOriginal',
      reply(`# The original program asked one agent.\n${good}`),
    ],
    ['a comment on its adaptation', 'mentionsOriginal', reply(`# Adapted for word problems.\n${good}`)],
    [
      'a docstring on a modified version',
      'mentionsOriginal',
      reply(good.replace('class MAS:', 'class MAS:\n    """A modified version."""')),
    ],
    [
      'a text on the previous version',
      'mentionsOriginal',
      body('return self.llm.call_llm(f"Unlike the previous version, solve {taskInfo}")'),
    ],
    ['a comment on what was kept', 'mentionsOriginal', reply(`# Keeps the same architecture.\n${good}`)],
    ['no reasoning', 'noReasoning', block(good)],
    ['a heading alone', 'noReasoning', `## Reasoning\n\n${block(good)}`],
    ['reasoning on the original alone', 'noReasoning', reply(good, 'I adapted the given program.')],
    ['the answer in the reasoning', 'leaked', reply(good, `${prose} There are 42 eggs.`)],
    ['the answer in words', 'leaked', reply(good, `${prose} It is forty-two.`)],
    ['the sum in the reasoning', 'leaked', reply(good, `${prose} One computes 3 * 14.`)],
    [
      'the answer in a prompt',
      'leaked',
      body('return self.llm.call_llm(f"Confirm that {taskInfo} gives 42")'),
    ],
    ['the answer returned', 'leaked', body('draft = self.llm.call_llm(taskInfo)\nreturn "42" or draft')],
    ['the answer in a comment', 'leaked', reply(`# 42 eggs\n${good}`)],
    ['the answer with a unit', 'leaked', body('return self.llm.call_llm(f"{taskInfo} (expect 42.0 eggs)")')],
  ])('%s', async (_name, why, text) => {
    const refused = await read(text);
    expect(refused).toMatchObject({ why });
    expect((refused as Refused).message).not.toMatch(/42|forty/);
    expect((refused as Refused).message.length).toBeGreaterThan(10);
  });

  it('a reply that the limit of tokens cut', async () => {
    const cut = reply(good).slice(0, -60);
    expect(await read(cut, { finishReason: 'length' })).toMatchObject({ why: 'truncated' });
  });

  it('a hostile reply of a megabyte, soon', async () => {
    expect(await read('```python\n'.repeat(100_000))).toMatchObject({ why: 'noProgram' });
    expect(await read(`${'('.repeat(200_000)}\n${block(good)}`)).toBeDefined();
  }, 60_000);
});
