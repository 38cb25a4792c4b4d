/**
 * Whether a text gives away a query's answer. The refiner sees the query and may solve it; such a row would teach nothing.
 * A false alarm costs one try of the refiner, so doubtful cases count as leaks. What is hidden better (computed, spelled
 * backwards) is left to the controls, which execute the program (controls.ts).
 *
 * number: its value in digits, words, fractions, percent or a sum of plain numbers; in code not where numbers shape the program.
 * choice: the option singled out, or its letter stated. latex, text: the words, as words. code: a run of the solution's tokens.
 */
import type { Gold } from '../../../workflows/shared/query.ts';
import { choiceTells } from './choice-tells.ts';
import { codeTells } from './code-tells.ts';
import { numberTells } from './number-tells.ts';
import { latexTells, textTells } from './text-tells.ts';

/** Says whether a text gives the gold away in one manner. `others`: the query, the base program. */
export type Tell = (text: string) => boolean;

/** `known` (the query, the base program): what one of them has already is no leak, so that a program's own constants are none. */
export function leaksAnswer(text: string, gold: Gold, known: readonly string[]): boolean {
  const given = known.map((one) => one.slice(0, maxChars));
  return tellsOf(gold, given).some((tells) => tells(text.slice(0, maxChars)) && !given.some(tells));
}

/** Programs are at most 64 KiB here, queries 256 KiB. */
const maxChars = 320 * 1024;

function tellsOf(gold: Gold, known: readonly string[]): readonly Tell[] {
  switch (gold.kind) {
    case 'number':
      return numberTells(gold.value);
    case 'choice':
      return choiceTells(gold);
    case 'latex':
      return latexTells(gold.value);
    case 'text':
      return textTells(gold.value);
    case 'code':
      return codeTells(gold, known);
    case 'none':
      return [];
  }
}
