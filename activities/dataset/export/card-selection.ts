/** The card's section on the selection: the program of each group, what its scores are worth, and whether the groups beat random ones. */
import type { CardInput } from '../card.ts';
import { table } from './card-table.ts';

export function selectionParts(input: CardInput): string[] {
  const { selection } = input;
  return [
    '## Selection',
    input.input.switches.interConsistency
      ? 'Queries of a group share one program.'
      : 'Inter-consistency was off: each query has some program that solved it. The best of each group, for comparison:',
    table(
      ['group', 'queries', 'program', 'mean score'],
      selection.groups.map(({ group, queries, program, meanScore }) => [
        group,
        queries,
        program || 'none solved any',
        meanScore.toFixed(3),
      ]),
    ),
    ...worthParts(input),
    ...permutationParts(input),
  ];
}

function worthParts({ selectionReport }: CardInput): string[] {
  if (!selectionReport) return [];
  const { overall, crossFit } = selectionReport;
  const chose = `The selected programs score ${percent(overall.inSample)} on the draws that chose them`;
  if (overall.crossFitted === null)
    return [
      `${chose}, which is too high by an unknown amount: ${crossFit === 'off' ? 'cross-fitting was off' : 'there were too few draws to hold half of them out'}.`,
    ];
  return [
    `${chose}, and ${percent(overall.crossFitted)} cross-fitted: chosen on one half of the ${crossFit} and scored on the other. The second is what they are worth.`,
  ];
}

function permutationParts({ selectionReport }: CardInput): string[] {
  const test = selectionReport?.permutation;
  if (!test) return [];
  const { grouped, random, single, p, permutations } = test;
  return [
    `Do the groups choose better than random groups of the same sizes? ${percent(grouped)} against ${percent(random)}, the mean of ${permutations} random groupings; one program for all: ${percent(single)}. p = ${p < 0.001 ? 'below 0.001' : p.toFixed(3)} by a permutation test.`,
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
