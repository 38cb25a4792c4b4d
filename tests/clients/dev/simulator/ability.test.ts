/** The simulated driver keeps to its formula, so that the worth of voting, debating and testing can be predicted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateQueries } from '../../../../activities/dataset/generate-queries.ts';
import { probabilityRight } from '../../../../clients/dev/simulator/ability.ts';
import { type Kind, skillTable } from '../../../../clients/dev/simulator/skill-table.ts';
import { wrongAnswersOf } from '../../../../clients/dev/simulator/wrong-answers.ts';
import type { Query } from '../../../../workflows/shared/query.ts';
import { type SimulatorParts, simulatorParts, stated } from './simulator-parts.ts';

const queries = generateQueries({ source: 'generated-train', seed: 3, count: 40 });
const numbers = queries.filter(({ gold }) => gold.kind === 'number');
let parts: SimulatorParts;

beforeAll(async () => {
  parts = await simulatorParts();
  await parts.addKey(queries);
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const close = 'Close with one line "Final Answer: <answer>".';
const prompts: Readonly<Record<Exclude<Kind, 'code' | 'tested'>, (text: string) => string>> = {
  plain: (text) => `${text}\n\n${close}`,
  steps: (text) => `Think step by step.\n\n${text}\n\n${close}`,
  own: (text) => `${text}\n\nYour previous answer:\nFinal Answer: 7\n\nGive an improved answer. ${close}`,
  compute: (text) =>
    `Write a Python script that computes the answer and store the result in a variable named \`output\`.\n\n${text}`,
};

/** Answers of `draws` seeds over all queries with a number as gold. */
async function answers(
  kind: keyof typeof prompts,
  draws: number,
): Promise<{ query: Query; answer: string }[]> {
  const asked = numbers.flatMap((query) => Array.from({ length: draws }, (_, seed) => ({ query, seed })));
  return Promise.all(
    asked.map(async ({ query, seed }) => {
      const reply = await parts.ask(prompts[kind](query.text), { seed });
      return {
        query,
        answer: kind === 'compute' ? (/result = (\S+)/.exec(reply)?.[1] ?? 'raises') : stated(reply),
      };
    }),
  );
}

function isRight({ query, answer }: { query: Query; answer: string }): boolean {
  return query.gold.kind === 'number' && Number(answer) === Number(query.gold.value);
}

describe('the formula', () => {
  it.each(['plain', 'steps', 'own', 'compute'] as const)('holds for prompts of the form %s', async (kind) => {
    const draws = 40;
    const given = await answers(kind, draws);
    const predicted = numbers.map((query) => probabilityRight('sim-driver', kind, query, 0));
    const mean = draws * predicted.reduce((sum, p) => sum + p, 0);
    const deviation = Math.sqrt(draws * predicted.reduce((sum, p) => sum + p * (1 - p), 0));
    const right = given.filter(isRight).length;
    expect(Math.abs(right - mean)).toBeLessThan(4 * deviation);
  });

  it('gives each query the modal wrong answer in the stated share of its errors', async () => {
    const wrong = (await answers('plain', 60)).filter((given) => !isRight(given));
    const modal = wrong.filter(({ query, answer }) => answer === wrongAnswersOf(query, 0)[0]).length;
    const share = skillTable.modalWrongShare;
    expect(wrong.length).toBeGreaterThan(200);
    expect(Math.abs(modal - wrong.length * share)).toBeLessThan(
      4 * Math.sqrt(wrong.length * share * (1 - share)),
    );
  });

  it('is deterministic by its seed, the prompt and the request seed', async () => {
    const prompt = prompts.steps(numbers[0]?.text ?? '');
    const seeds = Array.from({ length: 30 }, (_, seed) => seed);
    const ask = (from: SimulatorParts): Promise<string[]> =>
      Promise.all(seeds.map((seed) => from.ask(prompt, { seed })));
    await using twin = await simulatorParts();
    await using other = await simulatorParts({ seed: 1 });
    await Promise.all([twin.addKey(queries), other.addKey(queries)]);
    const first = await ask(parts);
    expect(await ask(twin)).toEqual(first);
    expect(await ask(other)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(other.simulator.revision).not.toBe(twin.simulator.revision);
  });

  it('never answers an unknown query right', async () => {
    expect(await parts.ask('What is 2 + 2? Answer with a number.')).toContain('unknown');
  });

  it('takes the longest known text of a prompt for its query', async () => {
    const [known] = numbers as [Query];
    const longer = {
      ...known,
      id: 'f'.repeat(32),
      text: `${known.text} Triple it.`,
      gold: { kind: 'number', value: '424242' },
    } as const;
    await using own = await simulatorParts();
    await own.addKey([known, longer]);
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, seed) => own.ask(`(${longer.text})`, { seed })),
    );
    expect(replies.some((reply) => stated(reply) === '424242')).toBe(true);
  });
});
