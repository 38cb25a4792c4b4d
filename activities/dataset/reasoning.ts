/** The reasoning in a refiner's reply: its prose before the first block of code, fit to teach a generator. */
import { withoutThoughts } from '../mas/extract-program.ts';

/** Sentences that speak of an earlier version would teach the generator to see one. */
const ofAnOriginal = /\b(original|base|given|existing|previous|initial) (program|system|mas|version|code)\b/i;

/** What a reasoning model thinks aloud is no part of it. Empty when there is no prose. */
export function reasoningIn(reply: string): string {
  const prose = withoutThoughts(reply).split(/^\s{0,3}```/m)[0] ?? '';
  const sentences = prose.trim().split(/(?<=[.!?])\s+/);
  return sentences.filter((sentence) => !ofAnOriginal.test(sentence)).join(' ');
}
