/** Intra-consistency (method.md section 1.5): the refiner adapts a program to its query and says why the two belong together. */
import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../llm/chat.ts';

const system =
  'You are an engineer of multi-agent systems: Python programs in which several LLM agents answer one query.';

const adapt = `Adapt the program below to the query below.

- Change who the agents are and what they are told, so that they suit this query. Keep the architecture: the same class, methods, loops and number of agents; add an agent only if the query is unusually hard.
- The program must stay general: never solve the query yourself, and never put its answer, or a part of it, into the program or the reasoning.
- Write first, in a few sentences, the reasoning that leads from what this query needs to a system of this form. Write as if you had designed the system from nothing: speak of no earlier version and of no change.
- Then give the whole program in one \`\`\`python block, and nothing after it.`;

const explain = `The program below answers the query below. Write the reasoning alone, in a few sentences: what the query needs, and why a system of this form gives it. Write as if you had designed the system from nothing, give no answer to the query, and write no code.`;

export const refinerSampling = { temperature: 0.3, maxTokens: 4096 } as const;

export function adaptMessages(query: string, program: string): ChatMessage[] {
  return ask(adapt, query, program);
}

export function explainMessages(query: string, program: string): ChatMessage[] {
  return ask(explain, query, program);
}

/** Short sha256 by prompt: provenance of the dataset card. */
export const refinePromptHashes: Readonly<Record<string, string>> = {
  'refine/system': shortHash(system),
  'refine/adapt': shortHash(adapt),
  'refine/explain': shortHash(explain),
};

function ask(task: string, query: string, program: string): ChatMessage[] {
  const content = `${task}\n\nQuery:\n${query}\n\nProgram:\n\`\`\`python\n${program.trimEnd()}\n\`\`\``;
  return [
    { role: 'system', content: system },
    { role: 'user', content },
  ];
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
