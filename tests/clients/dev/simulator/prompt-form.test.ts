/** The kind of work and the reply's format are read from a prompt's form, and replies keep to both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateQueries } from '../../../../activities/dataset/generate-queries.ts';
import { extractPrograms } from '../../../../activities/mas/extract-program.ts';
import { readPool } from '../../../../activities/mas/pool.ts';
import { readForm } from '../../../../clients/dev/simulator/prompt-form.ts';
import type { Query } from '../../../../workflows/shared/query.ts';
import { type SimulatorParts, simulatorParts, stated } from './simulator-parts.ts';

const queries = generateQueries({ source: 'generated-train', seed: 5, count: 40 });
const ofKind = (kind: Query['gold']['kind']): Query =>
  queries.find(({ gold }) => gold.kind === kind) as Query;
const [number, choice, code] = [ofKind('number'), ofKind('choice'), ofKind('code')];
let parts: SimulatorParts;

beforeAll(async () => {
  parts = await simulatorParts();
  await parts.addKey(queries);
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const close = 'Close with one line "Final Answer: <answer>".';
const listed = (answers: readonly string[]): string =>
  answers
    .map((answer, index) => `Solution ${index + 1}:\nStep 1: note it.\n\nFinal Answer: ${answer}`)
    .join('\n\n');

describe('reading a form', () => {
  it.each<[string, Query, string, object]>([
    ['the query alone', number, close, { do: 'answer', kind: 'plain' }],
    ['steps asked', number, `Think step by step. ${close}`, { do: 'answer', kind: 'steps' }],
    [
      'own answer',
      number,
      `Your earlier answer:\nFinal Answer: 3\nGive your updated answer.`,
      { do: 'answer', kind: 'own' },
    ],
    [
      'a debate',
      number,
      `Your earlier answer:\nFinal Answer: 3\n\nAgent 1:\nFinal Answer: 3\n\nAgent 2:\nFinal Answer: 4\n\nGive your updated answer.`,
      { do: 'answer', kind: 'own' },
    ],
    [
      'candidates',
      number,
      `${listed(['3', '4', '3'])}\n\nDecide which one is best. ${close}`,
      { do: 'decide' },
    ],
    [
      'a critique',
      number,
      `Solution under review:\nFinal Answer: 3\n\nPoint out every error.`,
      { do: 'critique' },
    ],
    [
      'a script',
      number,
      'Write a Python script; store the result in a variable named `output`.',
      { do: 'answer', kind: 'compute' },
    ],
    [
      'its output',
      number,
      'Final output: 12\nPrint during execution:\n',
      { do: 'followExecution', output: '12' },
    ],
    [
      'a code tag',
      code,
      'Put the code between <Code Solution> and </Code Solution>.',
      { do: 'answer', kind: 'code' },
    ],
    [
      'test results',
      code,
      'Your code:\n```python\ndef f(n):\n    return n\n```\nTest 1 failed: no\nFix it. <Code Solution>',
      { do: 'answer', kind: 'tested' },
    ],
    [
      'a signature',
      code,
      'Reply with a JSON object of two keys: "think" and "function" (the signature).',
      { do: 'writeSignature' },
    ],
    [
      'test cases',
      code,
      'Reply with a JSON object of four keys: "think", "basic", "edge" and "large scale".',
      { do: 'writeTests' },
    ],
  ])('%s', (_name, query, rest, task) => {
    expect(readForm(rest, query).task).toMatchObject(task);
  });
});

describe('replies', () => {
  it('follow the majority of the listed candidates, fallibly', async () => {
    const prompt = `${number.text}\n\n${listed(['3', '99', '99', '4', '99'])}\n\nDecide which answer is the most consistent. ${close}`;
    const replies = await Promise.all(Array.from({ length: 200 }, (_, seed) => parts.ask(prompt, { seed })));
    const followed = replies.filter((reply) => stated(reply) === '99').length;
    expect(followed).toBeGreaterThan(170);
    expect(followed).toBeLessThan(200);
  });

  it.each<[string, Query, string, RegExp]>([
    [
      'JSON',
      number,
      'Reply with a JSON object {"thought": "...", "answer": "..."}.',
      /^\{[^]*"answer": "-?[\d.]+"[^]*\}$/,
    ],
    ['boxes', number, 'Put the answer in \\boxed{}.', /\\boxed\{-?[\d.]+\}$/],
    ['double brackets', choice, 'End with [[letter]].', /\[\[[A-D]\]\]$/],
    ['an index', number, `${listed(['3', '4'])}\n\nChoose the best one and reply with <<k>>.`, /<<[12]>>$/],
    ['letters', choice, close, /Final Answer: [A-D]$/],
    [
      'a code tag',
      code,
      'Put the code between <Code Solution> and </Code Solution>.',
      /<Code Solution>\n[^]*def [^]*<\/Code Solution>$/,
    ],
    ['a code block', code, close, /```python\n[^]*def [^]*```$/],
    [
      'experts',
      number,
      'Which experts? Reply with a JSON object {"experts": ["a ...", "a ..."]}.',
      /^\{"experts":\["a /,
    ],
  ])('keep to %s', async (_name, query, rest, form) => {
    expect(await parts.ask(`${query.text}\n\n${rest}`)).toMatch(form);
  });

  it('quote nothing that another prompt could take for an instruction', async () => {
    for (const query of [number, choice, code])
      for (let seed = 0; seed < 20; seed++) {
        const reply = await parts.ask(`Think step by step.\n${query.text}`, { seed });
        expect(readForm(reply, query).format).toMatchObject({
          codeTag: false,
          jsonKeys: [],
          brackets: undefined,
        });
        expect(readForm(`${reply}\n${reply}`, query).task.do).toBe('decide');
      }
  });
});

describe('the judge and the refiner', () => {
  it('grades what a response states against the key', async () => {
    const gold = number.gold.kind === 'number' ? number.gold.value : '';
    const judge = async (answer: string): Promise<number> => {
      const prompt = `Question: ${number.text}\n\n<response>Final Answer: ${answer}</response>\n\nIs it correct? Reply yes or no.`;
      const verdicts = Array.from({ length: 60 }, (_, seed) =>
        parts.ask(prompt, { model: 'sim-judge', seed }),
      );
      return (await Promise.all(verdicts)).filter((verdict) => verdict.endsWith('Yes')).length;
    };
    expect(await judge(gold)).toBeGreaterThan(50);
    expect(await judge('-987654')).toBeLessThan(10);
  });

  it('edits pool programs; some edits break, leak or are worse', async () => {
    const { source } = (await readPool()).get('cot-self-consistency');
    const ask = (query: Query, seed: number): Promise<string> =>
      parts.ask(
        `Adapt the program below to the query below.\n\nQuery:\n${query.text}\n\nProgram:\n\`\`\`python\n${source}\n\`\`\``,
        {
          model: 'sim-refiner',
          seed,
        },
      );
    const numbers = queries.filter(({ gold }) => gold.kind === 'number').slice(0, 10);
    const replies = await Promise.all(
      numbers.flatMap((query) => Array.from({ length: 20 }, (_, seed) => ask(query, seed))),
    );
    const programs = replies.map((reply) => extractPrograms(reply)[0] ?? '');
    expect(programs.every((program) => program.includes('class MAS'))).toBe(true);
    expect(replies.every((reply) => reply.startsWith('The query'))).toBe(true);
    const edited = programs.filter((program) => program.trim() !== source.trim());
    expect(edited.length).toBeGreaterThan(150);
    expect(programs.filter((program) => program.includes('briefly')).length).toBeGreaterThan(5);
  });
});
