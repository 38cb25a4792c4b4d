/** The reasoning in a refiner's reply: its prose before the first block of code, fit to teach a generator. */
import { withoutThoughts } from '../mas/extract-program.ts';
import { mentionsOriginal } from './mentions-original.ts';

/** "## Reasoning", "1. **The reasoning:**" and "Program:" on lines of their own. */
const heading =
  /^[ \t]*(?:#{1,6}[ \t]*|\d[.)][ \t]*|[*_]{1,2})*(?:the[ \t]+)?(?:reasoning|(?:whole[ \t]+|final[ \t]+)?program|code)[ \t]*[:.]?[*_]{0,2}[ \t]*:?[ \t]*$/gim;

/**
 * What a reasoning model thinks aloud is no part of it. Sentences that speak of an earlier version are left out: they would
 * teach the generator to see one. Empty when nothing is left.
 */
export function reasoningIn(reply: string, known: readonly string[] = []): string {
  const prose = (withoutThoughts(reply).split(/^\s{0,3}```/m)[0] ?? '').replaceAll(heading, '');
  const sentences = prose.trim().split(/(?<=[.!?])\s+/);
  return sentences.filter((sentence) => !mentionsOriginal(sentence, known)).join(' ');
}
