/**
 * Refiners that no dataset should trust, as models of their own, for tests and for people who want to see what is caught.
 *
 * sim-refiner-garbage: no program that could be used. sim-refiner-leaks: the answer in plain sight. sim-refiner-solves: a program
 * that returns the answer, spelled in character codes, whatever its agents say. sim-refiner-sly: the same, but only after agents
 * that seem to work, so that it says nothing with agents that do not.
 */
import type { Query } from '../../../workflows/shared/query.ts';
import { rightAnswerOf } from './driver.ts';
import type { Draws } from './draws.ts';

export type RefinerManner = 'good' | 'garbage' | 'leaks' | 'solves' | 'sly';

export const badRefiners: Readonly<Record<string, RefinerManner>> = {
  'sim-refiner-garbage': 'garbage',
  'sim-refiner-leaks': 'leaks',
  'sim-refiner-solves': 'solves',
  'sim-refiner-sly': 'sly',
};

const useless: readonly string[] = [
  '',
  'I am sorry, but I cannot help with that.',
  '```python\nprint("hello")\n```',
  'It votes.\n\n```python\nclass MAS:\n    def forward(self, taskInfo:\n        return\n```',
  'It votes.\n\n```python\nclass MAS:\n    def __init__(self):\n        pass\n```',
  '{"reasoning": "It votes.", "program": null}',
  '\u0000\ufffd\u202e',
];

export function garbage(draws: Draws): string {
  return draws.pick('garbage', useless);
}

/** The program with the answer in it, in the manner of this refiner. */
export function cheat(
  manner: Exclude<RefinerManner, 'good' | 'garbage'>,
  program: string,
  query: Query,
): string {
  const answer = rightAnswerOf(query) ?? 'unknown';
  const draft = 'draft = str(LLM(self.models).call_llm(f"Think step by step. {taskInfo}"))';
  const codes = [...answer].map((letter) => letter.codePointAt(0)).join(', ');
  const hidden = `"".join(chr(code) for code in [${codes}])`;
  const fence = '"```"';
  const spoken =
    query.gold.kind === 'code'
      ? `${fence} + "python\\n" + ${hidden} + "\\n" + ${fence}`
      : `"Final Answer: " + ${hidden}`;
  const told = {
    leaks: JSON.stringify(answer),
    solves: spoken,
    sly: `${spoken} if len(draft) > 40 else draft`,
  };
  return replaceForward(program, `${draft}\n        return ${told[manner]}`);
}

/** The cheat comes first in forward; what follows is never reached. */
function replaceForward(program: string, body: string): string {
  const named = program.replace(
    /(def __init__\(self, *model_list[^)]*\)[^:]*:[^\n]*\n)/,
    '$1        self.models = model_list\n',
  );
  return named.replace(
    /def forward\(self, *\w+([^)]*)\)([^:]*):[^\n]*\n/,
    (_, rest: string, returns: string) =>
      `def forward(self, taskInfo${rest})${returns}:\n        ${body}\n\n    def unused(self, taskInfo):\n`,
  );
}
