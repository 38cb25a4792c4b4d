/**
 * Which queries of a pool stand in an evaluation set, by overlap of words: a shared run of 13 words (as for GPT-3, Brown et al. 2020,
 * appendix C), or, where one of the two texts is shorter, the whole of it inside the other; both also with numbers masked.
 */
import type { Comparable } from './comparable.ts';
import { gramsOf } from './word-grams.ts';

/** Of a pair only the first that holds is reported. */
export const contaminationRules = ['sameText', 'gram', 'contained', 'maskedGram', 'maskedContained'] as const;
export type ContaminationRule = (typeof contaminationRules)[number];

export const contamination = {
  gramWords: 13,
  /** A text with fewer words counts only when it is the same as a whole. */
  fewestWords: 5,
  /** With numbers masked, of a run or of a short text: words of two letters or more, as formulas look alike without their numbers. */
  fewestMaskedWords: 8,
  /** With numbers masked, unlike stories share a run of words: so much of the evaluation query's runs must be shared. */
  leastMaskedOverlap: 0.5,
  /** A run in more queries of the evaluation set than both is a phrase of the set, such as a repeated instruction, and shows nothing. */
  commonQueries: 10,
  commonShare: 0.05,
} as const;

export interface Overlap {
  /** Positions in the two lists. */
  readonly pool: number;
  readonly evaluation: number;
  readonly rule: ContaminationRule;
  /** Runs: share of the evaluation query's that the pool's query has. Contained: words of the shorter text per word of the longer. */
  readonly overlap: number;
}

/** By position in the pool, then in the evaluation set. */
export function findContamination(
  pool: readonly Comparable[],
  evaluations: readonly Comparable[],
  { maskNumbers }: { readonly maskNumbers: boolean },
): Overlap[] {
  const found = new Map<string, Overlap>();
  const add = (rule: ContaminationRule) => (of: Omit<Overlap, 'rule'>) => {
    const key = `${of.pool}/${of.evaluation}`;
    if (!found.has(key)) found.set(key, { ...of, rule });
  };
  sameTexts(pool, evaluations, add('sameText'));
  for (const form of maskNumbers ? (['words', 'masked'] as const) : (['words'] as const)) {
    const [own, others] = [pool.map((text) => text[form]), evaluations.map((text) => text[form])];
    sharedGrams(own, others, form, add(form === 'masked' ? 'maskedGram' : 'gram'));
    const contained = add(form === 'masked' ? 'maskedContained' : 'contained');
    const overlap = (short: readonly string[], long: readonly string[]): number => short.length / long.length;
    containedIn(others, own, form, (evaluation, index) =>
      contained({ pool: index, evaluation, overlap: overlap(others[evaluation] ?? [], own[index] ?? []) }),
    );
    containedIn(own, others, form, (index, evaluation) =>
      contained({ pool: index, evaluation, overlap: overlap(own[index] ?? [], others[evaluation] ?? []) }),
    );
  }
  return [...found.values()].toSorted((a, b) => a.pool - b.pool || a.evaluation - b.evaluation);
}

type Report = (overlap: Omit<Overlap, 'rule'>) => void;
type Words = readonly string[];
type Form = 'words' | 'masked';

function sameTexts(pool: readonly Comparable[], evaluations: readonly Comparable[], report: Report): void {
  const positions = new Map<string, number[]>();
  evaluations.forEach(({ text }, evaluation) => push(positions, text, evaluation));
  pool.forEach(({ text }, index) => {
    for (const evaluation of positions.get(text) ?? []) report({ pool: index, evaluation, overlap: 1 });
  });
}

function sharedGrams(
  pool: readonly Words[],
  evaluations: readonly Words[],
  form: Form,
  report: Report,
): void {
  const { commonQueries, commonShare, leastMaskedOverlap } = contamination;
  const least = form === 'masked' ? leastMaskedOverlap : 0;
  const positions = new Map<number, number[]>();
  const grams = evaluations.map((words) => tellingGrams(words, form));
  grams.forEach((own, evaluation) => own.forEach((gram) => push(positions, gram, evaluation)));
  const mostQueries = Math.max(commonQueries, commonShare * evaluations.length);
  for (const [gram, queries] of positions) {
    if (queries.length <= mostQueries) continue;
    positions.delete(gram);
    for (const evaluation of queries) grams[evaluation]?.delete(gram);
  }
  pool.forEach((words, index) => {
    const shared = new Map<number, number>();
    for (const gram of tellingGrams(words, form))
      for (const evaluation of positions.get(gram) ?? [])
        shared.set(evaluation, (shared.get(evaluation) ?? 0) + 1);
    for (const [evaluation, count] of shared) {
      const overlap = count / (grams[evaluation]?.size ?? 1);
      if (overlap >= least) report({ pool: index, evaluation, overlap });
    }
  });
}

/** Texts shorter than a run, as a whole inside others. */
function containedIn(
  shorts: readonly Words[],
  longs: readonly Words[],
  form: Form,
  report: (short: number, long: number) => void,
): void {
  const byLength = new Map<number, Map<number, number[]>>();
  shorts.forEach((words, index) => {
    if (!isTelling(words, form)) return;
    const [gram = 0] = gramsOf(words, words.length);
    const positions = byLength.get(words.length) ?? new Map<number, number[]>();
    byLength.set(words.length, positions);
    push(positions, gram, index);
  });
  longs.forEach((words, index) => {
    for (const [length, positions] of byLength)
      for (const gram of new Set(gramsOf(words, length)))
        for (const short of positions.get(gram) ?? []) report(short, index);
  });
}

/** Each once. With numbers masked, a run must hold enough words. */
function tellingGrams(words: Words, form: Form): Set<number> {
  const { gramWords, fewestMaskedWords } = contamination;
  const grams = gramsOf(words, gramWords);
  if (form === 'words') return new Set(grams);
  const before = [0];
  for (const word of words) before.push((before.at(-1) ?? 0) + (isWord(word) ? 1 : 0));
  const wordsIn = (start: number): number => (before[start + gramWords] ?? 0) - (before[start] ?? 0);
  return new Set(grams.filter((_, start) => wordsIn(start) >= fewestMaskedWords));
}

function isTelling(words: Words, form: Form): boolean {
  const { gramWords, fewestWords, fewestMaskedWords } = contamination;
  if (words.length >= gramWords) return false;
  if (form === 'words') return words.length >= fewestWords;
  return words.filter(isWord).length >= fewestMaskedWords;
}

function isWord(word: string): boolean {
  return /^\p{L}{2}|^\p{Lo}/u.test(word);
}

function push<K>(map: Map<K, number[]>, key: K, value: number): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
