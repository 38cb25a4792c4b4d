/** Words of the gold. Very short or common ones tell only where they are stated as the answer. */
import { holds, plain } from './holds.ts';
import type { Tell } from './leaks-answer.ts';
import { numberTells } from './number-tells.ts';

const common = new Set(
  'yes no true false none all both neither other one two three the and not more less same different always never up down left right increase decrease'.split(
    ' ',
  ),
);
const fewestChars = 3;

export function textTells(gold: string): readonly Tell[] {
  const words = plain(gold)
    .trim()
    .replace(/^(?:an?|the) /, '')
    .replace(/[.!]+$/, '');
  const states: Tell = (text) => statesAs(text, words);
  return words.length < fewestChars || common.has(words) ? [states] : [(text) => holds(text, words), states];
}

export function latexTells(gold: string): readonly Tell[] {
  const wanted = normalLatex(gold);
  const states: Tell = (text) => statesAs(normalLatex(text), wanted);
  const tells: Tell[] =
    wanted.length < fewestChars ? [states] : [(text) => holds(normalLatex(text), wanted), states];
  const number = /^-?(?:[\d,.]+|frac\{(\d+)\}\{(\d+)\})$/.exec(wanted);
  if (!number) return tells;
  const value = wanted.replace(/frac\{(\d+)\}\{(\d+)\}/, '$1/$2');
  return [...numberTells(value), ...tells];
}

/** One spelling: no dollar signs, spacing, sizes or `\boxed`. */
function normalLatex(text: string): string {
  return text
    .replaceAll(/\\(?:boxed|fbox|text|mathrm|textbf|left|right|displaystyle)\b/g, '')
    .replaceAll(/\\[,;:! ]|[$~]/g, '')
    .replaceAll(/\\[dtc]?frac\s*(?=\{)/g, 'frac')
    .replaceAll(/\\[dtc]?frac(\d)(\d)/g, 'frac{$1}{$2}')
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?([{}=+\-*/^_(),]) ?/g, '$1')
    .replaceAll('\\', '')
    .replaceAll(/(?<=^|[=:({\n])\{([^{}\n]*)\}/g, '$1');
}

/** "The answer is yes", `return "yes"`. */
export function statesAs(text: string, words: string): boolean {
  if (words === '') return false;
  const escaped = words.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll(' ', String.raw`\s+`);
  return new RegExp(
    String.raw`(?:\b(?:answer|result|return|print|output|conclusion)\b)\s*(?:\b(?:is|must be|should be|equals|will be|was)\b|[:=("'\[*])?[\s:=("'\[*{]{0,12}${escaped}(?![\p{L}\p{N}_])(?!\s*(?:,|/|\bor\b|\band\b))`,
    'iu',
  ).test(text);
}
