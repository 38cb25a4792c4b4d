/** Queries of every kind, and models that answer them: the simulated driver, and some whose replies are worth nothing. */
import { generateQueries } from '../../activities/dataset/generate-queries.ts';
import { createQuery } from '../../activities/benchmarks/query-id.ts';
import { AnswerKey } from '../../clients/dev/simulator/answer-key.ts';
import { simulateReply } from '../../clients/dev/simulator/reply.ts';
import type { Gold, Query } from '../../workflows/shared/query.ts';

export type Model = (prompt: string) => string;

/** One per kind: the generated ones, a proof-like one in LaTeX, and a passage with a question. */
export function poolQueries(seed = 5): Readonly<Record<string, Query>> {
  const generated = generateQueries({ source: 'generated-train', seed, count: 4 });
  return {
    ...Object.fromEntries(generated.map((query) => [query.gold.kind, query])),
    science: generated.find(({ subject }) => subject === 'unit-physics') as Query,
    number: generated.find(({ subject }) => subject === 'word-arithmetic') as Query,
    latex: ownQuery('Simplify $\\frac{6}{8} + \\frac{1}{2}$ to one fraction.', {
      kind: 'latex',
      value: '\\frac{5}{4}',
    }),
    reading: ownQuery(
      `Passage: ${'The museum of Lindau opened in 1951. Its founder, Ada Berg, had collected clocks since 1920. '.repeat(40)}\n\nQuestion: Who founded the museum that opened in 1951?`,
      { kind: 'text', value: 'Ada Berg' },
    ),
  };
}

function ownQuery(text: string, gold: Gold): Query {
  return createQuery({ source: 'own', subject: gold.kind, split: '', licence: '', text, gold });
}

export function poolModels(queries: Readonly<Record<string, Query>>) {
  const key = new AnswerKey();
  for (const query of Object.values(queries)) key.add(query);
  return {
    /** The n-th time that a prompt is asked is another draw, as for real calls. */
    simulated(simulatorSeed = 0): Model {
      const asked = new Map<string, number>();
      return (prompt) => {
        const seed = asked.get(prompt) ?? 0;
        asked.set(prompt, seed + 1);
        return simulateReply({ model: 'sim-driver', prompt, seed, simulatorSeed, key }) ?? '';
      };
    },
    scripted,
  };
}

const long = 'word 12, "quoted" {brace [[3]] <<7>> \\boxed{x} Final Answer: maybe\n1. a line\n2) another\n';

const jsonValues = 'null|7|[]|{}|[[1], null]|"text"|["a", "b", "c"]|true|-1|Infinity|""|0.5'.split('|');

const scripted: Readonly<Record<string, Model>> = {
  empty: () => '',
  garbage: () =>
    '}{ "a": [[ <<nine>> ]] ```\n``` \\boxed{ \u0000\ud800 Final Answer:\n\n</Code Solution> ** [[99]] <<0>>',
  'hundred kilobyte': () => long.repeat(Math.ceil(100_000 / long.length)),
  /** Every key that the prompt names, with a value of another type each time. */
  'JSON of wrong types': (prompt) => {
    const keys = [...prompt.matchAll(/"([a-z_ ]{2,20})"/gi)].map((match) => match[1]);
    const value = (index: number): string | undefined =>
      jsonValues[(index + prompt.length) % jsonValues.length];
    return `{${keys.map((name, index) => `"${name}": ${value(index)}`).join(', ')}}`;
  },
  /** Finds fault with everything and keeps to no format. */
  contrary: () => 'No. That is wrong, and I shall not say more.',
  /** Praises everything, and has a script for everything. */
  obliging: () =>
    'The solution is sound. Yes.\n<Code Solution>\ndef double(x):\n    return 2 * x\noutput = double(21)\n</Code Solution>\n```python\noutput = 42\n```\n[[1]] <<1>>\nFinal Answer: 42',
  'faulty script': () =>
    '<Code Solution>\ndef f(:\n</Code Solution>\n```python\noutput = 1 / 0\n```\n{"basic": ["assert double(2) == 4"], "edge": [], "large scale": [], "function": "def double(x):"}',
};
