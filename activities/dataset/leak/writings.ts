/** The numbers that a text writes: digits, fractions, percent, words, and sums of plain numbers. Linear in the text. */
import { valueOf } from './arithmetic.ts';
import { numberWordsIn } from './number-words.ts';

export interface Writing {
  readonly value: number;
  /** In the text. */
  readonly start: number;
  readonly end: number;
  readonly form: 'digits' | 'words' | 'expression';
}

const digits =
  /(?<![\w.])(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:e[-+]?\d{1,3}(?!\d))?(?![A-Za-z_\d]|\.\d)/gi;
const magnitude = /^\s?(thousand|million|billion|trillion)\b/i;
const magnitudes: Readonly<Record<string, number>> = {
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};
/** Plain numbers and operators, two numbers at least. */
const expression =
  /(?<![\w.])[(\s]{0,4}[-−]?[\d.][\d.,]{0,24}(?:[)\s]{0,4}(?:\*\*|[-+*/^×÷·−]|\\times|\\cdot|\\div)[(\s]{0,4}[-−]?[\d.][\d.,]{0,24}){1,20}[)\s]{0,4}(?![\w.])/g;
const latexFraction = /(-?)\\[dt]?frac\s?(?:\{\s?(\d{1,9})\s?\}\s?\{\s?(\d{1,9})\s?\}|(\d)\s?(\d))/g;
const maxExpressions = 2_000;

export function* writingsIn(text: string): Generator<Writing> {
  for (const { 0: written, index } of text.matchAll(digits)) {
    const end = index + written.length;
    const isNegative = /(?:^|[^\w)\]])[-−]$/.test(text.slice(Math.max(0, index - 2), index));
    const scale = magnitudes[magnitude.exec(text.slice(end, end + 12))?.[1]?.toLowerCase() ?? ''] ?? 1;
    const value = Number(written.replaceAll(',', '')) * (isNegative ? -1 : 1) * scale;
    yield { value, start: index, end, form: 'digits' };
    if (/^\s?(?:%|per ?cent\b)/i.test(text.slice(end, end + 9)))
      yield { value: value / 100, start: index, end, form: 'digits' };
  }
  for (const match of text.matchAll(latexFraction)) {
    const { 0: written, 1: sign, index } = match;
    const value = (Number(match[2] ?? match[4]) / Number(match[3] ?? match[5])) * (sign === '-' ? -1 : 1);
    yield { value, start: index, end: index + written.length, form: 'expression' };
  }
  for (const found of numberWordsIn(text)) yield { ...found, form: 'words' };
  let count = 0;
  for (const { 0: written, index } of text.matchAll(expression)) {
    if ((count += 1) > maxExpressions) return;
    const value = valueOf(written);
    if (value !== undefined) yield { value, start: index, end: index + written.length, form: 'expression' };
  }
}
