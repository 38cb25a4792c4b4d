/** The flags of grouping and selection: the defaults of the contract, further repeats, the race, and wrong usage refused. */
import { expect, it } from 'vitest';
import { selectionOf } from '../../../clients/cli/dataset/selection-flags.ts';
import {
  groupingSchema,
  raceDefaults,
  selectionSchema,
} from '../../../workflows/dataset/selection-contract.ts';

it('are, by default, the defaults of the contract: the full matrix', () => {
  const { grouping, selection } = selectionOf({});
  expect(groupingSchema.parse(grouping)).toEqual(groupingSchema.parse({}));
  expect(selectionSchema.parse(selection)).toMatchObject({ rule: 'best', crossFit: 'queries' });
  expect(selectionSchema.parse(selection).race).toBeUndefined();
});

it('give a race with the defaults of its rule, and further repeats', () => {
  const { selection } = selectionOf({ race: true, leaders: '4:2:2', select: 'cheapest' });
  expect(selectionSchema.parse(selection)).toMatchObject({
    rule: 'cheapestWithinOneError',
    race: raceDefaults,
    leaders: { count: 4, extraRepeats: 2, rounds: 2 },
  });
});

it.each([
  [{ select: 'dearest' }, /--select dearest/],
  [{ leaders: '4' }, /--leaders 4/],
  [{ groups: 'many' }, /--groups/],
])('refuse %j', (args, message) => {
  expect(() => selectionOf(args)).toThrow(message);
});
