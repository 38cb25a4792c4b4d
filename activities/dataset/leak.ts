/**
 * Whether a text gives away a query's answer. The refiner sees the query and may solve it; such a row would teach nothing.
 * A false alarm costs one adaptation, so doubtful cases count as leaks.
 */
import type { Gold } from '../../workflows/shared/query.ts';

/**
 * `text` is what the refiner wrote. `known` (the query, the base program): what one of them has already is no leak, so that
 * a program's own constants are none. A choice leaks when its option is singled out, or its letter is stated as the answer.
 */
export function leaksAnswer(text: string, gold: Gold, known: readonly string[]): boolean {
  return tellsOf(gold).some((tells) => tells(text) && !known.some(tells));
}

/** Each says whether a text gives the gold away in its own manner. */
function tellsOf(gold: Gold): ((text: string) => boolean)[] {
  switch (gold.kind) {
    case 'number': {
      const value = numberOf(gold.value);
      return [Number.isNaN(value) ? (text) => holds(text, gold.value) : (text) => hasNumber(text, value)];
    }
    case 'choice': {
      const right = gold.options[gold.letter.charCodeAt(0) - 65] ?? '';
      const others = gold.options.filter((option) => option !== right);
      return [
        (text) => holds(text, right) && !others.some((option) => holds(text, option)),
        (text) => statesLetter(text, gold.letter),
      ];
    }
    case 'latex':
    case 'text':
      return [(text) => holds(text, gold.value)];
    case 'code':
      return [
        (text) => holds(text, `def ${gold.entryPoint}`),
        // A query that shows the stub hides the line above; the lines of the solution it does not show.
        ...solutionLines(gold.reference ?? '').map((line) => (text: string) => text.includes(line)),
      ];
    case 'none':
      return [];
  }
}

/** As a word of its own, in any case. */
function holds(text: string, secret: string): boolean {
  const wanted = secret.trim().toLowerCase();
  if (wanted === '') return false;
  const plain = text.toLowerCase();
  for (let at = plain.indexOf(wanted); at !== -1; at = plain.indexOf(wanted, at + 1)) {
    const after = plain.slice(at + wanted.length, at + wanted.length + 2);
    if (!/[\w.]/.test(plain[at - 1] ?? ' ') && !/^(\w|\.\d)/.test(after)) return true;
  }
  return false;
}

/** By value: 1,042 and 1042.0 are one number; 42 is no part of 420, 42.5 or -42. */
function hasNumber(text: string, value: number): boolean {
  for (const { 0: digits, index } of text.matchAll(number)) {
    const isNegative = /(?:^|[^\w)\]])[-−]$/.test(text.slice(Math.max(0, index - 2), index));
    if (numberOf(digits) * (isNegative ? -1 : 1) === value) return true;
  }
  return false;
}

const number = /(?<![\w.])(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?(?!\w|\.\d)/gi;

function numberOf(text: string): number {
  const plain = text.replaceAll(',', '').replace('−', '-').trim();
  return plain === '' ? Number.NaN : Number(plain);
}

/** "The answer is B", "Answer: (B)"; not "Answer with A, B or C". */
function statesLetter(text: string, letter: string): boolean {
  const stated = new RegExp(
    `\\b(?:answer|option|choice)(?:\\s+is|\\s*[:=])\\s*(?:option\\s+)?["'(\\[*]*${letter}(?!\\w|["')\\]*]*(?:,|/|\\s+or\\b|\\s+and\\b))`,
  );
  return stated.test(text.replace(/\b(?:answer|option|choice)\b/gi, (word) => word.toLowerCase()));
}

const fewestCharacters = 20;

/** Lines long enough to be the solution's own. */
function solutionLines(reference: string): string[] {
  const lines = reference.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.length >= fewestCharacters && !line.startsWith('def '));
}
