/** Generation: the program is found in the reply, checked, stored; each useless reply has a name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractPrograms } from '../../../activities/mas/extract-program.ts';
import { createGenerator, type GenerationSpec, type Generator } from '../../../activities/mas/generate.ts';
import { generationMessages } from '../../../activities/mas/prompts/generation.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

const fence = '```';
const program = programOf('return taskInfo');
const block = (source: string, language = 'python'): string => `${fence}${language}\n${source}${fence}\n`;

describe('extraction', () => {
  it.each([
    ['a plain reply', `Reasoning.\n\n${block(program)}`],
    ['the last of two programs', `${block(program.replace('taskInfo)', 'task)'))}Better:\n${block(program)}`],
    ['an example before it', `${block('print(1)\n')}${block(program)}`],
    ['an example after it', `${block(program)}Usage:\n${block('MAS([]).forward("q")\n')}`],
    ['thoughts that try something out', `<think>${block('class MAS: pass\n')}</think>${block(program)}`],
    ['Windows line ends', block(program).replaceAll('\n', '\r\n')],
    ['another spelling', `${block(program, 'Python')}`],
    ['no closing fence', `${fence}python\n${program}`],
  ])('finds the program in %s', (_what, reply) => {
    expect(extractPrograms(reply)[0]).toBe(program);
  });

  it('finds a program whose own prompts hold fences', () => {
    const nested = programOf(
      `prompt = """Write\n${fence}python\nx = 1\n${fence}\n"""\nreturn self.llm.call_llm(prompt)`,
    ).replace(/^ +(?=```|x = 1)/gm, '');
    expect(extractPrograms(`Here:\n${block(nested)}`)).toContain(nested);
  });

  it('finds none where there is none', () => {
    for (const reply of ['', 'no', `${fence}\ntext\n${fence}`, block('{}', 'json')])
      expect(extractPrograms(reply)).toEqual([]);
  });
});

describe('generation', () => {
  let parts: MasParts;
  let generator: Generator;
  const signal = new AbortController().signal;
  const generate = (text: string, more: Partial<GenerationSpec> = {}) => {
    const spec = {
      tenant: 'default',
      namespace: 'default',
      run: 'answer/x',
      query: { id: text, text },
      generator: 'generator',
      ...more,
    } as const;
    return generator.generate({ ...spec, callClass: 'interactive' }, { signal, wait: 'block' });
  };

  beforeAll(async () => {
    parts = await masParts();
    generator = createGenerator(parts.services);
  });
  afterAll(() => parts?.[Symbol.asyncDispose]());

  it('asks as the SFT rows teach, greedily, and asks once', async () => {
    parts.llm.behave({ type: 'answer', text: block(program) });
    const first = await generate('the query');
    expect(first).toMatchObject({
      outcome: { status: 'ok', program: { id: 'generated' } },
      usage: { llmCalls: 1 },
    });
    expect(await generate('the query')).toEqual(first);
    expect(await createGenerator(parts.services).find(first.key)).toEqual(first);
    const sent = parts.llm.requests.map(({ body }) => body);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      messages: generationMessages('the query'),
      temperature: 0,
      max_tokens: 4096,
    });
    const sha256 = first.outcome.status === 'ok' ? first.outcome.program.sha256 : '';
    expect(await parts.services.blobs.getText(sha256)).toBe(program);
  });

  it.each([
    ['noProgram', 'I cannot help with that.'],
    ['syntax', block('class MAS:\n    def forward(self, taskInfo:\n')],
    ['shape', block('class MAS:\n    pass\n')],
    ['shape', block('def forward(taskInfo):\n    return taskInfo\n')],
  ])('names a reply without a program: %s', async (kind, text) => {
    parts.llm.behave({ type: 'answer', text });
    expect((await generate(text)).outcome).toMatchObject({ status: 'failed', kind });
  });

  it('samples by seed above temperature 0, and each sample once', async () => {
    parts.llm.behave({ type: 'answer', text: block(program) });
    const before = parts.llm.requests.length;
    const sampled = (temperature: number, seed: number) =>
      generate('sampled', { sampling: { temperature, seed, maxTokens: 512 } });
    const keys = [];
    for (const [temperature, seed] of [
      [0.7, 1],
      [0.7, 2],
      [0.7, 1],
      [0, 1],
      [0, 2],
    ] as const)
      keys.push((await sampled(temperature, seed)).key);
    expect(keys[2]).toBe(keys[0]);
    expect(keys[4]).toBe(keys[3]);
    expect(new Set(keys).size).toBe(3);
    const sent = parts.llm.requests.slice(before).map(({ body }) => body);
    expect(sent).toMatchObject([
      { temperature: 0.7, max_tokens: 512 },
      { temperature: 0.7, max_tokens: 512 },
      { temperature: 0, max_tokens: 512 },
    ]);
    expect(sent[0]?.seed).not.toBe(sent[1]?.seed);
  });

  it('names a reply that was cut', async () => {
    const choices = [
      {
        index: 0,
        finish_reason: 'length',
        message: { role: 'assistant', content: `${fence}python\nclass MAS:\n    def` },
      },
    ];
    parts.llm.behave({ type: 'answer', body: { choices } });
    expect((await generate('cut')).outcome).toMatchObject({ status: 'failed', kind: 'truncated' });
  });

  it("throws what is not the reply's fault", async () => {
    parts.llm.behave({ type: 'status', status: 401 });
    await expect(generate('refused')).rejects.toMatchObject({ type: 'Llm.Unauthorized' });
  });
});
