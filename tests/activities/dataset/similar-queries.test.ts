/** Which query a program is tried on besides its own: the nearest of the group that another answer is right for. */
import { expect, it } from 'vitest';
import { createQuery } from '../../../activities/benchmarks/query-id.ts';
import { createSimilarQueries } from '../../../activities/dataset/similar-queries.ts';
import type { Gold } from '../../../workflows/shared/query.ts';

const common = { source: 's', subject: '', split: '', licence: '' };
const member = (text: string, gold: Gold, group = 'g') => ({
  group,
  query: createQuery({ ...common, text, gold }),
});
const number = (value: string): Gold => ({ kind: 'number', value });

it('is the nearest first, of the same group, with another answer', () => {
  const own = member('Ann has 3 bags of 14 eggs', number('42'));
  const members = [
    own,
    member('The moon is far', number('1')),
    member('Ann has 5 bags of 4 eggs', number('20')),
    member('Ann has 6 bags of 7 eggs', number('42.0')),
    member('Ann has 3 bags of 15 eggs', number('45'), 'other'),
    member('Bob has 5 bags', number('5')),
  ];
  const found = createSimilarQueries(members).nearest(own, 2);
  expect(found.map(({ text }) => text)).toEqual(['Ann has 5 bags of 4 eggs', 'Bob has 5 bags']);
});

it('leaves out the same letter, whatever it stands for, and the same function', () => {
  const choice = (letter: string): Gold => ({ kind: 'choice', letter, options: ['a', 'b'] });
  const own = member('Which one?', choice('A'));
  const members = [own, member('Which one now?', choice('A')), member('Which?', choice('B'))];
  expect(
    createSimilarQueries(members)
      .nearest(own, 3)
      .map(({ text }) => text),
  ).toEqual(['Which?']);
  const none = member('Anything', { kind: 'none' });
  expect(createSimilarQueries([none, member('Something', { kind: 'none' })]).nearest(none, 3)).toEqual([]);
});
