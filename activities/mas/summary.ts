/**
 * Readable names for calls: an agent is told by the opening words of its prompt, so that five samples of one prompt are five
 * calls of one agent. Numbers follow the order of first appearance in the journal.
 */
import type { CallRef } from '../../workflows/answer/contract.ts';
import type { JournalEntry } from './journal.ts';

/** "agent 3: You are a careful mathematician", or with the name of its node: one line for Temporal's UI. */
export type Summarize = (entry: JournalEntry, name?: string) => Pick<CallRef, 'agent' | 'summary'>;

const maxOpening = 48;
const maxSummary = 80;

export function createSummaries(known: readonly JournalEntry[]): Summarize {
  const agents = new Map<string, number>();
  const summarize: Summarize = ({ call }, name) => {
    if (call.method === 'websearch') return { agent: 0, summary: name ?? 'web search' };
    if (call.method !== 'chat') return { agent: 0, summary: name ?? 'run code' };
    const prompt = oneLine(call.args.messages.at(-1)?.content ?? '');
    const opening = prompt.slice(0, maxOpening);
    const agent = agents.get(opening) ?? agents.size + 1;
    agents.set(opening, agent);
    return { agent, summary: `${name ?? `agent ${agent}`}: ${prompt.slice(0, maxSummary)}` };
  };
  known.forEach((entry) => summarize(entry));
  return summarize;
}

/** Control characters and line ends would break the UI's line. */
function oneLine(text: string): string {
  return text
    .slice(0, 400)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
}
