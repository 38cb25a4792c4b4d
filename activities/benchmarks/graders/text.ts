/** Grades short texts by exact match after SQuAD's normalisation (case, punctuation, articles, white space). */
import type { Gold } from '../../../workflows/shared/query.ts';
import type { Verdict } from '../grading.ts';
import { markedAnswers } from './marked-answer.ts';

type TextGold = Extract<Gold, { kind: 'text' }>;

export const textGrader = 'text/1';

export function gradeText(gold: TextGold, answer: string): Verdict {
  const candidates = [...markedAnswers(answer).map((mark) => mark.text), answer];
  const wanted = normalise(gold.value);
  const first = candidates[0] ?? '';
  const extracted = first.trim() === '' ? null : first.trim().slice(0, 500);
  const right = wanted !== '' && normalise(first) === wanted;
  const reason = right
    ? 'the same text'
    : extracted === null
      ? 'the answer is empty'
      : `another text than "${gold.value}"`;
  return { score: right ? 1 : 0, grader: textGrader, extracted, reason };
}

/** As SQuAD's evaluation script: lower case, no punctuation, no articles, single spaces. */
function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
