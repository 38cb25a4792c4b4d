/** Grades choices: the letter of a marked answer, else the option whose text it repeats, else a letter standing alone. */
import type { Gold } from '../../../workflows/shared/query.ts';
import type { Verdict } from '../grading.ts';
import { markedAnswers } from './marked-answer.ts';
import { normaliseMath, numbersIn } from './parse-number.ts';

type ChoiceGold = Extract<Gold, { kind: 'choice' }>;

export const choiceGrader = 'choice/1';

export function gradeChoice(gold: ChoiceGold, answer: string): Verdict {
  const { letter, how } = extractChoice(gold.options, answer);
  if (letter === null) return { score: 0, grader: choiceGrader, extracted: null, reason: how };
  const right = letter === gold.letter;
  const reason = `${how} is ${letter}; right is ${gold.letter}`;
  return { score: right ? 1 : 0, grader: choiceGrader, extracted: letter, reason };
}

interface Extraction {
  readonly letter: string | null;
  /** What the letter was taken from, or why there is none. */
  readonly how: string;
}

function extractChoice(options: readonly string[], answer: string): Extraction {
  const count = options.length;
  for (const mark of markedAnswers(answer)) {
    const text = plainText(mark.text);
    if (isHedged(text, count))
      return { letter: null, how: `several options are given: "${text.slice(0, 80)}"` };
    const letter = leadingLetter(text, count);
    if (letter) return { letter, how: 'the marked letter' };
    const byText = optionByText(options, text);
    if (byText) return { letter: byText, how: 'the marked option text' };
  }
  const whole = plainText(answer);
  if (isHedged(whole, count) && whole.length < 40) return { letter: null, how: 'several options are given' };
  const loose = (whole.length < 400 && leadingLetter(whole, count)) || lastLoneLetter(answer, count);
  if (loose) return { letter: loose, how: 'the last letter that stands alone' };
  const byText = optionByText(options, whole) ?? optionByText(options, plainText(lastLine(answer)));
  if (byText) return { letter: byText, how: 'the option text' };
  return { letter: null, how: 'no option was found' };
}

function plainText(text: string): string {
  return normaliseMath(text)
    .replace(/\\(?:boxed|fbox)/g, ' ')
    .replace(/[*_`$]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function letters(count: number): string {
  return `A-${String.fromCharCode(64 + count)}`;
}

/** "C", "(c)", "C) 17", "C: 17", "C because …", "option C"; not the article in "A train …". */
function leadingLetter(text: string, count: number): string | undefined {
  const all = letters(count);
  const match = new RegExp(
    `^(?:(?:the )?(?:option|choice|letter) )?(?:[({\\[] ?([${all}]) ?[)}\\]]|([${all}])(?=$|[).:,;\\]]|\\s?[-=]|\\s(?:because|since|as|is|which|\\()))`,
    'i',
  ).exec(text);
  const letter = match?.[1] ?? match?.[2];
  // A bare lower-case letter is a variable or an article more often than a choice.
  if (!letter || (match?.[2] && letter !== letter.toUpperCase() && text.length > 2)) return undefined;
  return letter.toUpperCase();
}

function isHedged(text: string, count: number): boolean {
  const one = `[({\\[]?([${letters(count)}])[)}\\]]?`;
  const match = new RegExp(
    `^(?:either|both)? ?(?:option )?${one}(?: or | and |, ?|/)(?:option )?${one}(?![A-Za-z'])`,
  ).exec(text);
  return match !== null && match[1] !== match[2];
}

function optionByText(options: readonly string[], text: string): string | undefined {
  const wanted = canonical(text);
  if (wanted === '') return undefined;
  const same = indexesOf(options, (option) => canonical(option) === wanted);
  if (same.length === 1) return letterAt(same[0]);
  const number = soleNumber(text);
  if (number === undefined) return undefined;
  const equal = indexesOf(options, (option) => soleNumber(option) === number);
  return equal.length === 1 ? letterAt(equal[0]) : undefined;
}

function indexesOf(options: readonly string[], test: (option: string) => boolean): number[] {
  return options.flatMap((option, index) => (test(option) ? [index] : []));
}

function letterAt(index: number | undefined): string | undefined {
  return index === undefined ? undefined : String.fromCharCode(65 + index);
}

function canonical(text: string): string {
  return plainText(text)
    .toLowerCase()
    .replace(/[.\s"'’]+/g, '')
    .replace(/^(?:the|a|an)(?=[a-z]{4})/, '');
}

function soleNumber(text: string): number | undefined {
  const numbers = numbersIn(text.slice(0, 200));
  return numbers.length === 1 ? numbers[0]?.value : undefined;
}

/** "(C)", "**C**", or a line that is a letter: the last of the text. */
function lastLoneLetter(answer: string, count: number): string | undefined {
  const all = letters(count);
  const pattern = new RegExp(
    `\\(([${all}])\\)|\\*\\*\\(?([${all}])\\)?[.:)]?\\*\\*|^[ \\t]*([${all}])[.)]?[ \\t]*$`,
    'gm',
  );
  const last = [...answer.slice(-16_384).matchAll(pattern)].at(-1);
  return last?.[1] ?? last?.[2] ?? last?.[3];
}

function lastLine(answer: string): string {
  return answer.trimEnd().split('\n').at(-1) ?? '';
}
