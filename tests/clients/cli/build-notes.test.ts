/** A build says what it left out, and nothing when there is nothing. */
import { expect, it } from 'vitest';
import { buildNotes } from '../../../clients/cli/dataset/build-notes.ts';

const refinement = { tried: 3, accepted: 1, kept: 2 };

it('is silent about a build that went as it was asked', () => {
  expect(buildNotes({ rows: 3, refinement })).toEqual([]);
});

it('counts each thing that was left out', () => {
  const notes = buildNotes({
    ...{ rows: 0, leaderCells: 40, leftOut: 7, refinement: { ...refinement, unpaid: 5 } },
    unusable: { withoutGold: 2, conflicts: 4 },
  });
  expect(notes.map((note) => note.split(' ')[0])).toEqual(['40', '2', '4', '7', '5', 'No']);
});
