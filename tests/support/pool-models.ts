/** Queries of every kind, and models that answer them: the simulated driver, one that keeps to every form, and some that keep to none. */
import { generateQueries } from '../../activities/dataset/generate-queries.ts';
import { createQuery } from '../../activities/benchmarks/query-id.ts';
import { AnswerKey } from '../../clients/dev/simulator/answer-key.ts';
import { simulateReply } from '../../clients/dev/simulator/reply.ts';
import type { Gold, Query } from '../../workflows/shared/query.ts';

/** Begins a run: a model whose n-th reply to one prompt depends on n alone, whichever thread asks. */
export type Model = () => (prompt: string) => string;

/** One per kind: the generated ones, and others that benchmarks and users ask. */
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
    examples: ownQuery(
      'Write a Python function double(x) that doubles numbers.\n\n>>> double(2)\n4\n>>> double(0)\n0',
      {
        ...{ kind: 'code', entryPoint: 'double', form: 'asserts', prelude: '' },
        ...{ tests: ['assert double(2) == 4'], reference: 'def double(x):\n    return 2 * x' },
      },
    ),
    writing: ownQuery('Write a short and friendly note that thanks a neighbour for watering the plants.', {
      kind: 'none',
    }),
  };
}

function ownQuery(text: string, gold: Gold): Query {
  return createQuery({ source: 'own', subject: gold.kind, split: '', licence: '', text, gold });
}

export function simulatedDriver(queries: Readonly<Record<string, Query>>, simulatorSeed = 0): Model {
  const key = new AnswerKey();
  for (const query of Object.values(queries)) key.add(query);
  return counting(
    (prompt, seed) => simulateReply({ model: 'sim-driver', prompt, seed, simulatorSeed, key }) ?? '',
  );
}

/** `asked` counts from 0 how often this prompt was asked before in the run. */
function counting(reply: (prompt: string, asked: number) => string): Model {
  return () => {
    const counts = new Map<string, number>();
    return (prompt) => {
      const asked = counts.get(prompt) ?? 0;
      counts.set(prompt, asked + 1);
      return reply(prompt, asked);
    };
  };
}

const long = 'word 12, "quoted" {brace [[3]] <<7>> \\boxed{x} Final Answer: maybe\n1. a line\n2) another\n';

const jsonValues = 'null|7|[]|{}|[[1], null]|"text"|["a", "b", "c"]|true|-1|Infinity|""|0.5'.split('|');

/** Keeps to whatever form a prompt asks for, so that the paths of well-behaved replies run too; never wholly content. */
export const cooperative = counting((prompt, asked) => {
  const even = (prompt.length + asked) % 2 === 0;
  if (/"large scale"/.test(prompt))
    return '{"basic": ["assert double(2) == 4", "assert double(1) == 3"], "edge": ["assert double(0) == 0"], "large scale": []}';
  if (/\bjson\b/i.test(prompt)) return filled(prompt);
  if (/<Code Solution>/.test(prompt))
    return `<Code Solution>\ndef double(x):\n    return ${even ? '2 * x' : 'x + 2'}\n</Code Solution>`;
  if (/variable named `output`/.test(prompt) && !/Observation:\n/.test(prompt))
    return `\`\`\`python\nprint("solutions: 1")\noutput = ${even ? 42 : 'no_such_name'}\n\`\`\``;
  const turns = prompt.match(/expert replies|Intermediate:/g)?.length ?? 0;
  if (/"Follow up: /.test(prompt) && turns < (even ? 3 : 2)) return 'Follow up: Which year was it?';
  if (/"Expert: /.test(prompt) && turns < (even ? 3 : 2))
    return `Expert: ${turns > 0 ? 'Python' : 'a historian'}\nFind the number.`;
  if (/TASK_DONE/.test(prompt) && /Solution so far:\n(?!nothing)/.test(prompt)) return 'TASK_DONE';
  if (/ENOUGH/.test(prompt) && prompt.length > 900) return 'ENOUGH';
  if (/sound/.test(prompt))
    return (prompt.length + asked) % 3 === 0 ? 'The solution is sound.' : 'It has a weak point.';
  if (/numbered|Problem <number>:/.test(prompt))
    return 'Problem 1: add.\nConfidence: 30\nProblem 2: double.\n1. What is doubled?\n2. Which number is it?\n3. The rest\nConfidence: 90';
  if (/double quotation marks/.test(prompt))
    return 'It says "Answer with one letter." and "what nobody said at all".';
  const templates = [...prompt.matchAll(/(\[\[|<<)([^\]>\n]{0,20})(\]\]|>>)/g)];
  const [, open = '', inside = '', close = ''] = templates[(prompt.length + asked) % templates.length] ?? [];
  if (open !== '') return `${open}${/^[a-z]{3,}$/.test(inside) ? inside : even ? 1 : 2}${close}`;
  if (/impossible/.test(prompt)) return even ? 'sure' : 'impossible';
  return `I reason.\nFinal Answer: ${['42', 'B', '1000', '-7'][(prompt.length + asked) % 4]}\nConfidence: 0.${prompt.length % 10}`;
});

/** Each key of the prompt's JSON template with a value of the type that it shows. */
function filled(prompt: string): string {
  const entries = [...prompt.matchAll(/"(\w+)": (\["assert|\[\d|\[|"|\d)/g)].map(([, name, start = '']) => {
    const number = name === 'high' ? 50 : prompt.length % 3;
    const shapes: Record<string, string> = { '"': '"a text"', '[': '["a poet", "a judge", "a cook"]' };
    shapes['["assert'] =
      `["assert len(response) < ${prompt.length % 2 === 0 ? 9 : 99_999}", "not a statement", 7]`;
    return `"${name}": ${shapes[start] ?? (start.startsWith('[') ? '[2, 4]' : number)}`;
  });
  return `{${entries.join(', ')}}`;
}

/** Whose replies are worth nothing. */
export const worthless: Readonly<Record<string, Model>> = {
  empty: () => () => '',
  garbage: () => () =>
    '}{ "a": [[ <<nine>> ]] ```\n``` \\boxed{ \u0000\ud800 Final Answer:\n\n</Code Solution> ** [[99]] <<0>>',
  'hundred kilobyte': () => () => long.repeat(Math.ceil(100_000 / long.length)),
  /** Every key that the prompt names, with a value of another type each time. */
  'JSON of wrong types': () => (prompt) => {
    const keys = [...prompt.matchAll(/"([a-z_ ]{2,20})"/gi)].map((match) => match[1]);
    const value = (index: number): string | undefined =>
      jsonValues[(index + prompt.length) % jsonValues.length];
    return `{${keys.map((name, index) => `"${name}": ${value(index)}`).join(', ')}}`;
  },
  /** Finds fault with everything and keeps to no format. */
  contrary: () => () => 'No. That is wrong, and I shall not say more.',
  /** Praises everything, and has a script for everything. */
  obliging: () => () =>
    'The solution is sound. Yes.\n<Code Solution>\ndef double(x):\n    return 2 * x\noutput = double(21)\n</Code Solution>\n```python\noutput = 42\n```\n[[1]] <<1>>\nFinal Answer: 42',
  'faulty script': () => () =>
    '<Code Solution>\ndef f(:\n</Code Solution>\n```python\noutput = 1 / 0\n```\n{"basic": ["assert double(2) == 4"], "edge": [], "large scale": [], "function": "def double(x):"}',
};
