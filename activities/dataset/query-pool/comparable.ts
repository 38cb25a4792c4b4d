/**
 * What a query says, apart from how it is put: its question and its options in one normal form, and their words. Instructions that
 * an importer added are left out, or all queries of a benchmark would look alike.
 */
import type { Query } from '../../../workflows/shared/query.ts';

export interface Comparable {
  /** Question, then the options in alphabetical order; letter case, quotes, dashes and blanks made equal. Equal for exact duplicates. */
  readonly text: string;
  /** Words, numbers ("1,000" is "1000") and mathematical signs, in order. */
  readonly words: readonly string[];
  /** The same with a `#` for each run of numbers, in digits or in English words: GSM-Hard is GSM8K with other numbers. */
  readonly masked: readonly string[];
}

export function comparableOf({ text, gold }: Pick<Query, 'text' | 'gold'>): Comparable {
  const options = gold.kind === 'choice' ? gold.options.map(normalText) : [];
  const isOption = new Set(options);
  const question = text
    .split('\n')
    .filter((line) => !instructions.some((pattern) => pattern.test(line.trim())))
    .filter((line) => !isOption.has(normalText(line.replace(label, ''))))
    .join('\n');
  const whole = [normalText(question), ...options.toSorted()].join('\n');
  const words = wordsOf(whole);
  return { text: whole, words, masked: maskNumbers(words) };
}

/** Lines that importers write around what the upstream says. */
const instructions: readonly RegExp[] = [
  /^Answer with the letter of the right option\.$/,
  /^Give the answer as a number in the unit .{1,200}\.$/,
  /^Give the whole function, with its imports, in one ```python block\. It must pass tests like this one:$/,
  /^Complete the following Python function\. Give the whole function, with its imports, in one ```python block\.$/,
];

/** "(A) ", "A) ", "A. " */
const label = /^\s*\(?[A-Z][).:]\s*/;

export function normalText(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\u2018\u2019\u201b\u0060\u00b4]/g, "'")
    .replace(/[\u201c\u201d\u201e]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\s\u200b\u2060\ufeff]+/g, ' ')
    .trim();
}

/** Each sign of a script without blanks is a word of its own. */
const word =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+|\p{N}|[\p{L}\p{M}]+|[+*/^=<>%!|×÷≤≥≠√∑∫±]|(?<!\p{L})-|-(?!\p{L})/gu;

function wordsOf(text: string): string[] {
  return (text.match(word) ?? []).map((found) => (/^\d/.test(found) ? found.replaceAll(',', '') : found));
}

function maskNumbers(words: readonly string[]): string[] {
  const masked: string[] = [];
  for (const one of words) {
    const isNumber = /^\.?\p{N}/u.test(one) || numberWords.has(one);
    if (!isNumber) masked.push(one);
    else if (masked.at(-1) !== '#') masked.push('#');
  }
  return masked;
}

const numberWords = new Set(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion'
  ).split(' '),
);
