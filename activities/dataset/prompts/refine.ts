/** Intra-consistency (method.md section 1.5): the refiner adapts a program to its query and says why the two belong together. */
import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../llm/chat.ts';

const system =
  'You are an engineer of multi-agent systems: Python programs in which several LLM agents answer one query.';

const adapt = `Adapt the program below to the query below.

- Change who the agents are and what they are told, so that they suit this query. Keep the architecture: the same class, methods, loops and number of agents; add an agent only if the query is unusually hard.
- The program must stay general: never solve the query yourself, and never put its answer, or a part of it, into the program or the reasoning. The answer must come from the agents.
- The program stays in the form it has: \`from utils import *\`, one \`class MAS\` with \`__init__(self, model_list)\` and \`forward(self, taskInfo)\`, which returns the answer as text. No comment or text in it may speak of an earlier version.
- Write as if you had designed the system from nothing: speak of no earlier version and of no change.

Reply in this form and with nothing else:
1. The reasoning, in a few sentences of plain prose: it leads from what this query needs to a system of this form.
2. The whole program in one block that begins with \`\`\`python and ends with \`\`\`.`;

const explain = `The program below answers the query below. Write the reasoning alone, in a few sentences: what the query needs, and why a system of this form gives it. Write as if you had designed the system from nothing, give no answer to the query, and write no code.`;

const again =
  'That reply cannot be used, for the reason given. Write reasoning and program anew, for the query and the program above, in the same form.';

export const refinerSampling = { temperature: 0.3, maxTokens: 4096 } as const;

/** The last try of the refiner, and why it was refused; the reason never holds the gold answer. */
export interface LastTry {
  readonly reply: string;
  readonly why: string;
}

export function adaptMessages(query: string, program: string, last?: LastTry): ChatMessage[] {
  return ask(adapt, query, program, last);
}

export function explainMessages(query: string, program: string): ChatMessage[] {
  return ask(explain, query, program);
}

/** Short sha256 by prompt: provenance of the dataset card. */
export const refinePromptHashes: Readonly<Record<string, string>> = {
  'refine/system': shortHash(system),
  'refine/adapt': shortHash(adapt),
  'refine/explain': shortHash(explain),
  'refine/again': shortHash(again),
};

/** Where the last try begins; what stands before it is the task. */
export const lastTryHeading = 'Your last reply:';
const maxReplyChars = 32_768;
/** Of a traceback the end counts. */
const maxWhyChars = 2_048;

function ask(task: string, query: string, program: string, last?: LastTry): ChatMessage[] {
  const parts = [
    task,
    `Query:\n${query}`,
    `Program:\n\`\`\`python\n${program.trimEnd()}\n\`\`\``,
    ...(last
      ? [
          `${lastTryHeading}\n${last.reply.slice(0, maxReplyChars).trim()}`,
          `Why it was refused:\n${last.why.slice(-maxWhyChars)}`,
          again,
        ]
      : []),
  ];
  return [
    { role: 'system', content: system },
    { role: 'user', content: parts.join('\n\n') },
  ];
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
