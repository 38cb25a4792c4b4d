/** Values of flags are what they should be, or the message names the flag, the value and what was expected. */
import { expect, it } from 'vitest';
import { budgetOf } from '../../../clients/cli/budget-flags.ts';
import { UsageError } from '../../../clients/cli/errors.ts';
import { amount, commaList, wholeNumber } from '../../../clients/cli/flag-values.ts';

it('takes numbers, and nothing for an absent flag', () => {
  expect(wholeNumber('--limit', '40', 1)).toBe(40);
  expect(wholeNumber('--seed', '0', 0)).toBe(0);
  expect(wholeNumber('--limit', undefined, 1)).toBeUndefined();
  expect(amount('--max-cost-usd', '0.25')).toBe(0.25);
  expect(amount('--max-cost-usd', undefined)).toBeUndefined();
});

it.each(['', ' ', '0', '-1', '1.5', 'NaN', 'Infinity', 'ten', '1,000', '9007199254740993'])(
  '--limit %j is wrong usage',
  (text) => {
    expect(() => wholeNumber('--limit', text, 1)).toThrow(UsageError);
    expect(() => wholeNumber('--limit', text, 1)).toThrow(`--limit ${text}: a whole number from 1 on`);
  },
);

it.each(['', '0', '-0.1', 'NaN', 'Infinity', '$5', '0,25'])('--max-cost-usd %j is wrong usage', (text) => {
  expect(() => amount('--max-cost-usd', text)).toThrow(UsageError);
  expect(() => amount('--max-cost-usd', text)).toThrow(`--max-cost-usd ${text}: a number above 0`);
});

it('takes lists by comma, with blanks and empty parts', () => {
  expect(commaList('cot, single ,,')).toEqual(['cot', 'single']);
  expect(commaList(undefined)).toEqual([]);
});

it('takes a budget: what is given, and nothing else', () => {
  expect(budgetOf({ 'max-cost-usd': '0.5', 'max-tokens': '7', 'max-wall-minutes': '0.1', out: 'x' })).toEqual(
    { maxCostUsd: 0.5, maxTokens: 7, maxWallMinutes: 0.1 },
  );
  expect(budgetOf({})).toEqual({});
  for (const flag of ['max-cost-usd', 'max-tokens', 'max-wall-minutes'])
    expect(() => budgetOf({ [flag]: '-3' })).toThrow(`--${flag} -3`);
});
