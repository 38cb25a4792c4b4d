/** Grades LaTeX by symbolic equivalence (math-verify); strict extraction first, then whatever it finds in the text. */
import type { Gold } from '../../../workflows/shared/query.ts';
import type { Verdict } from '../grading.ts';
import { markedAnswers } from './marked-answer.ts';
import type { MathVerify } from './math-verify.ts';

type LatexGold = Extract<Gold, { kind: 'latex' }>;

export const latexGrader = 'latex/1';

const maxAnswer = 4096;

export async function gradeLatex(
  gold: LatexGold,
  answer: string,
  mathVerify: Pick<MathVerify, 'compare'>,
  signal: AbortSignal,
): Promise<Verdict> {
  const mark = markedAnswers(answer)[0];
  const text = mark === undefined ? answer.trim().slice(-maxAnswer) : mark.text.slice(0, maxAnswer);
  if (text === '') return verdict(0, null, 'the answer is empty');
  if (mark && spelling(text) === spelling(gold.value))
    return verdict(1, text, 'the same LaTeX as the gold answer');
  const searched = mark?.form === 'boxed' ? `\\boxed{${text}}` : delimited(text);
  const comparison = await mathVerify.compare(undelimited(gold.value), searched, signal);
  if (comparison.status === 'unreadable') return verdict(0, text.slice(0, 500), comparison.why);
  const extracted = comparison.answer ?? (mark ? text.slice(0, 500) : null);
  if (comparison.equal) return verdict(1, extracted, 'equivalent to the gold answer');
  return verdict(
    0,
    extracted,
    comparison.answer === null ? 'no mathematical answer was found' : `not equivalent to ${gold.value}`,
  );
}

function spelling(text: string): string {
  return undelimited(text)
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(/\\(?:left|right|!|,|;)|\s+/g, '');
}

function undelimited(text: string): string {
  return text
    .trim()
    .replace(/^(?:\$\$?|\\\(|\\\[)\s*/, '')
    .replace(/\s*(?:\$\$?|\\\)|\\\])\.?$/, '');
}

/** Bare LaTeX is only recognised between delimiters; prose keeps its own. */
function delimited(text: string): string {
  return /[\\^_{}]/.test(text) && !/\$|\\\(|\\\[|\\boxed/.test(text) && !/[a-z]{4,}\s[a-z]{2,}/.test(text)
    ? `$${text}$`
    : text;
}

function verdict(score: number, extracted: string | null, reason: string): Verdict {
  return { score, grader: latexGrader, extracted, reason };
}
