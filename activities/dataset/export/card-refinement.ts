/** The card's section on refinement: what was accepted, why the rest was refused, and for which queries a control caught a program. */
import type { RefinementSums } from '../../../workflows/dataset/refinement.ts';
import type { FinalQuery } from '../selection.ts';
import { summariseFinals } from '../summarise-finals.ts';
import { countBy, table } from './card-table.ts';

const maxListed = 200;

const meaning = {
  constantDriver: 'right although every reply of its agents was the same empty sentence',
  similarQuery: "gave this query's answer when it was asked other queries",
} as const;

export function refinementParts(
  finals: readonly FinalQuery[],
  { tried, accepted }: Pick<RefinementSums, 'tried' | 'accepted'>,
): string[] {
  const summary = summariseFinals(finals);
  const kept = countBy(finals.flatMap(({ final, kept: why }) => (final && why ? [why] : [])));
  const unpaid = finals.filter((query) => query.unpaid).length;
  const refused = Object.entries(summary.refused).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const caught = Object.entries(meaning).map(([control, means]) => {
    const queries = summary.caught[control as keyof typeof meaning];
    const more = queries.length > maxListed ? `, and ${queries.length - maxListed} more` : '';
    return { row: [control, means, queries.length], ids: `${queries.slice(0, maxListed).join(', ')}${more}` };
  });
  return [
    ...(kept.length === 0 ? [] : ['Why the base program was kept:', table(['reason', 'rows'], kept)]),
    ...(unpaid === 0
      ? []
      : [
          `A budget was spent before refinement was done: for ${unpaid} of the queries the base program stands, or its reasoning is missing.`,
        ]),
    ...(tried > 0 && accepted === 0
      ? [`The refiner wrote no program that could be accepted: every row holds a base program of the pool.`]
      : []),
    ...(refused.length === 0
      ? []
      : ['Programs of the refiner that were refused:', table(['reason', 'programs'], refused)]),
    ...(tried === 0
      ? []
      : [
          'Controls on every program that would have been accepted:',
          table(
            ['control', 'caught because it', 'queries'],
            caught.map(({ row }) => row),
          ),
          ...caught.flatMap(({ row, ids }) => (ids === '' ? [] : [`Caught by ${row[0]}: ${ids}.`])),
        ]),
  ];
}
