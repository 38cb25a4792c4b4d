/** What a build left out, or did besides its matrix: one sentence each, none for a build that went as it was asked. */
import type { DatasetResult } from '../../../workflows/dataset/contract.ts';

type Noted = Pick<DatasetResult, 'rows' | 'leaderCells' | 'leftOut' | 'unusable' | 'refinement'>;

export function buildNotes({ rows, leaderCells = 0, leftOut = 0, unusable, refinement }: Noted): string[] {
  const { withoutGold = 0, conflicts = 0 } = unusable ?? {};
  const { unpaid = 0 } = refinement;
  const notes: [number, string][] = [
    [leaderCells, 'further executions of leading programs'],
    [withoutGold, 'queries were not executed: they have no gold'],
    [conflicts, 'queries were not executed: the same text has several golds'],
    [leftOut, 'queries were left out: a budget or the time was over before they were executed'],
    [unpaid, 'queries keep their base program, or have no reasoning: a budget was spent'],
  ];
  return [
    ...notes.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])),
    ...(rows > 0 ? [] : ['No program solved a query: there are no rows']),
  ];
}
