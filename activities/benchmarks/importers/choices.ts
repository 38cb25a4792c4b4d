/** The one form in which a multiple-choice query is put: the question, then one labelled option per line. */
import type { Query } from '../../../workflows/shared/query.ts';

export function writeChoices(
  question: string,
  options: readonly string[],
  letter: string,
): Pick<Query, 'text' | 'gold'> {
  if (letter.charCodeAt(0) - 65 >= options.length)
    throw new Error(`option ${letter} is right, but there is none`);
  if (options.length > 26) throw new Error('there are more than 26 options');
  if (options[letter.charCodeAt(0) - 65]?.trim() === '')
    throw new Error(`option ${letter} is right, but empty`);
  const lines = options.map((option, index) => `(${String.fromCharCode(65 + index)}) ${option}`);
  return {
    text: `${question.trim()}\n\n${lines.join('\n')}\n\nAnswer with the letter of the right option.`,
    gold: { kind: 'choice', letter, options: [...options] },
  };
}
