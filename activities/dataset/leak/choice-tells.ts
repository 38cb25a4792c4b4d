/** A choice leaks when its option is singled out among the others, or its letter is stated as the answer. */
import type { Gold } from '../../../workflows/shared/query.ts';
import { holds } from './holds.ts';
import type { Tell } from './leaks-answer.ts';
import { numberTells } from './number-tells.ts';
import { statesAs, textTells } from './text-tells.ts';

export function choiceTells({ letter, options }: Extract<Gold, { kind: 'choice' }>): readonly Tell[] {
  const right = (options[letter.charCodeAt(0) - 65] ?? '').trim();
  const others = options.filter((option) => option.trim() !== right && option.trim() !== '');
  const isNumber = /^[-+$€£]?[\d.,]+\s*%?$/.test(right);
  const namesRight = isNumber ? numberTells(right) : textTells(right);
  const namesOther = others.flatMap((option) =>
    /^[-+$€£]?[\d.,]+\s*%?$/.test(option.trim())
      ? numberTells(option)
      : [(text: string) => holds(text, option)],
  );
  return [
    ...namesRight.map(
      (tells): Tell =>
        (text) =>
          tells(text) && !namesOther.some((other) => other(text)),
    ),
    (text) => statesLetter(text, letter),
    (text) => right !== '' && !isNumber && statesAs(text, right.toLowerCase()),
  ];
}

/** "The answer is B", "Answer: (B)", "choose B", "B is correct", `return "B"`; not "Answer with A, B or C". */
function statesLetter(text: string, letter: string): boolean {
  const list = String.raw`(?!\w|["')\]*]{0,6}\s{0,6}(?:,|/|\bor\b|\band\b))`;
  const opening = String.raw`["'(\[*{\s]{0,6}`;
  const stated = new RegExp(
    [
      String.raw`\b(?:answer|option|choice)(?:\s+(?:is|must be|should be)|\s*[:=])\s*(?:option\s+)?${opening}${letter}${list}`,
      String.raw`\b(?:choose|select|pick|return|print\()\s*(?:option\s+)?["'(\[*]{0,6}${letter}${list}(?=["')\].,;\s]|$)`,
      String.raw`(?<!\w)["'(\[*]{0,6}${letter}["')\]*]{0,6}\s{1,6}is\s+(?:the\s+)?(?:correct|right|true|answer)\b`,
      String.raw`\\boxed\{\s*(?:\\text\{)?${letter}\b`,
    ].join('|'),
  );
  return stated.test(
    text.replaceAll(/\b(?:answer|option|choice|choose|select|pick|return)\b/gi, (word) => word.toLowerCase()),
  );
}
