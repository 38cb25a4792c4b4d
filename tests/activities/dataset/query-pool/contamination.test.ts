/** Which overlap counts, by which rule, and what only looks like one. */
import { describe, expect, it } from 'vitest';
import { comparableOf } from '../../../../activities/dataset/query-pool/comparable.ts';
import { findContamination } from '../../../../activities/dataset/query-pool/contamination.ts';
import { plainQuery } from '../../../support/plain-query.ts';

const hens =
  'Janet has 16 hens that lay 3 eggs a day each. She eats three of them for breakfast and sells the rest at the market for $2 per egg. How much does she make every day?';
const hardHens = hens.replace('16', '4933828').replace('three', '77');
const other =
  'A train leaves the station at noon and goes 60 miles per hour towards the coast, which is 240 miles away. When will it arrive there?';
const contents = (texts: readonly string[]) => texts.map((text) => comparableOf(plainQuery(text)));

function rulesOf(pool: readonly string[], evaluations: readonly string[], maskNumbers = true) {
  return findContamination(contents(pool), contents(evaluations), { maskNumbers }).map(
    ({ pool: index, evaluation, rule, overlap }) => [index, evaluation, rule, Number(overlap.toFixed(2))],
  );
}

describe('findContamination', () => {
  it('lists each pair with its rule and overlap', () => {
    expect(
      rulesOf(
        [other, hens.toUpperCase(), `Think first. ${hens} Explain.`],
        [other.replace('60', '80'), hens],
      ),
    ).toEqual([
      [0, 0, 'gram', expect.any(Number)],
      [1, 1, 'sameText', 1],
      [2, 1, 'gram', 1],
    ]);
  });

  it('sees GSM-Hard as GSM8K with other numbers, also where they are written as words', () => {
    const short = 'Ann buys 3 pens and 4 cups, then 9 hats. What does she pay for all 16?';
    const hard = short.replaceAll(/\d+/g, '81723');
    expect(rulesOf([hard, hardHens], [short, hens])).toEqual([
      [0, 0, 'maskedGram', 1],
      [1, 1, 'gram', expect.any(Number)],
    ]);
    expect(rulesOf([hard], [short], false)).toEqual([]);
  });

  it('does not take two formulas for each other when their numbers are masked', () => {
    const problem = (a: number) => `Find x: ${a}x^2 - ${a + 4}x + ${2 * a} = ${3 * a}y^3 - 7y + ${a * a} = 0`;
    expect(rulesOf([problem(3)], [problem(50)])).toEqual([]);
  });

  it('finds a short text inside a longer one, both ways, but not a text of few words', () => {
    const short = 'What is the capital of France?';
    expect(rulesOf([`Answer briefly: ${short} Name ${'it and its river '.repeat(5)}`], [short])).toEqual([
      [0, 0, 'contained', expect.any(Number)],
    ]);
    expect(rulesOf([short], [`Question 5. ${short} A word is enough here, more is not asked for.`])).toEqual([
      [0, 0, 'contained', expect.any(Number)],
    ]);
    expect(rulesOf(['What is x? Explain in a few words.'], ['What is x?'])).toEqual([]);
    expect(rulesOf(['What is x?'], ['what is  X?'])).toEqual([[0, 0, 'sameText', 1]]);
  });

  it('does not take sums of other numbers, or other signs, for each other', () => {
    expect(rulesOf(['What is 12 + 5 of these?'], ['What is 31 + 9 of these?'])).toEqual([]);
    expect(rulesOf(['Evaluate the value of 5 - 3.'], ['Evaluate the value of 5 + 3.'])).toEqual([]);
  });

  it('does not count a phrase that the evaluation set repeats', () => {
    const instruction =
      'Solve the problem step by step and put the final answer alone into a box at the very end of it:';
    const evaluations = Array.from(
      { length: 40 },
      (_, index) => `${instruction} word${index} ${other.slice(index)}`,
    );
    expect(rulesOf([`${instruction} How old is Tom?`], evaluations)).toEqual([]);
    expect(rulesOf([`${instruction} ${hens}`], [...evaluations, `${instruction} ${hens}`])).toEqual([
      [0, 40, 'sameText', 1],
    ]);
  });

  it('leaves out what importers write around every query of a benchmark', () => {
    const choice = (question: string, options: string[]) =>
      plainQuery(
        `${question}\n\n${options.map((option, at) => `(${'ABCDE'[at]}) ${option}`).join('\n')}\n\nAnswer with the letter of the right option.`,
        { kind: 'choice', letter: 'A', options },
      );
    const one = choice('How far is it?', ['1', '2', '3', '4', '5']);
    const two = choice('How old is she?', ['10', '20', '30', '40', '50']);
    const code = (stub: string) =>
      plainQuery(
        `Complete the following Python function. Give the whole function, with its imports, in one \`\`\`python block.\n\n${stub}`,
      );
    const pool = [one, code('def add(a, b):\n    """The sum."""')].map(comparableOf);
    const evaluations = [two, code('def sub(a, b):\n    """The difference."""')].map(comparableOf);
    expect(findContamination(pool, evaluations, { maskNumbers: true })).toEqual([]);
    const shuffled = choice('How far is it?', ['5', '4', '1', '3', '2']);
    expect(findContamination([comparableOf(shuffled)], [comparableOf(one)], { maskNumbers: false })).toEqual([
      { pool: 0, evaluation: 0, rule: 'sameText', overlap: 1 },
    ]);
  });
});
