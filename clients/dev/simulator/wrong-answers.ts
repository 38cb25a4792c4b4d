/** Plausible wrong answers of a query: the first is its modal one, which models tend to agree on. None equals the gold. */
import type { Query } from '../../../workflows/shared/query.ts';
import { createDraws, type Draws } from './draws.ts';
import { mutantsOf } from './mutants.ts';

export function wrongAnswersOf(query: Query, simulatorSeed: number): string[] {
  const draws = createDraws(`${simulatorSeed}/${query.id}/wrong`);
  switch (query.gold.kind) {
    case 'number':
      return shuffled(wrongNumbers(query.gold.value), draws);
    case 'choice': {
      const { letter, options } = query.gold;
      const letters = options.map((_, index) => String.fromCharCode(65 + index));
      return shuffled(
        letters.filter((other) => other !== letter),
        draws,
      );
    }
    case 'latex':
      return shuffled(wrongLatex(query.gold.value), draws);
    case 'code':
      return mutantsOf(query, draws);
    case 'text':
      return ['something else', 'none of these', 'it cannot be determined'];
    case 'none':
      return ['unknown'];
  }
}

/** Each differs from the value by 20 % at least, so that no grader's tolerance forgives it. */
function wrongNumbers(written: string): string[] {
  const value = Number(written.replaceAll(',', ''));
  if (!Number.isFinite(value)) return ['0', '1', '2'];
  if (value === 0) return ['1', '2', '5', '10'];
  if (!Number.isInteger(value)) return [2, 0.5, 10, 0.1, 1.5, -1].map((factor) => tidy(value * factor));
  const near = [1, -1, 2, -2, 5, 10].map((step) => value + step).filter((wrong) => wrong !== 0);
  const far = [value * 2, value * 10, -value, Math.round(value * 1.5)];
  return [...new Set([...near.filter((wrong) => Math.abs(wrong - value) >= 0.2 * Math.abs(value)), ...far])]
    .filter((wrong) => wrong !== value)
    .map(String);
}

function tidy(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function wrongLatex(value: string): string[] {
  return Number.isFinite(Number(value))
    ? wrongNumbers(value)
    : [`${value} + 1`, `2 \\cdot (${value})`, `-(${value}) - 1`];
}

function shuffled<T>(items: readonly T[], draws: Draws): T[] {
  return items
    .map((item, index) => ({ item, order: draws.uniform(`order/${index}`) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
