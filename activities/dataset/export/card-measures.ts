/** The parts of the dataset card that measure it: splits, expected label precision, lengths. */
import { splitNames } from '../../../workflows/dataset/export-contract.ts';
import { cell } from '../../../workflows/shared/encode/markdown.ts';
import type { CardInput } from '../card.ts';
import { table } from './card-table.ts';
import { lengthParts, type Lengths } from './lengths.ts';
import { nearRule } from './near-clusters.ts';

export function measuredParts(input: CardInput): string[] {
  return [...splitParts(input), ...precisionParts(input), ...lengthTables(input.lengths)];
}

function splitParts({ rowsOf, options, units }: CardInput): string[] {
  const apart = {
    cluster: 'near-duplicate queries',
    group: 'near-duplicate queries and queries of one group of the selection',
    program: 'near-duplicate queries and queries whose rows have the same final program',
  }[options.splits.apart];
  return [
    '## Splits',
    table(
      ['split', 'rows'],
      splitNames.map((split) => [split, rowsOf[split]]),
    ),
    `No two splits share ${apart}: ${units} units were shared out by the seed. Near-duplicates: Jaccard similarity of ${nearRule.jaccard} or more between the sets of ${nearRule.shingleWords}-word runs, numbers masked.`,
  ];
}

function precisionParts({ precision, input }: CardInput): string[] {
  const { estimate, interval, queries } = precision;
  return [
    '## Expected label precision',
    estimate === null || interval === null
      ? 'Not known: each execution was repeated once, and of one repeat nothing can be held out.'
      : `${percent(estimate)} (95 %: ${percent(interval.low)} to ${percent(interval.high)}, ${queries} queries): how often the selected base program solves its query again, by holding out each of ${input.repeats} repeats in turn. It is the precision at one repeat fewer, and a little low.`,
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function lengthTables({ units, tokenizer }: Lengths): string[] {
  return [
    '## Lengths',
    tokenizer
      ? `In tokens of the tokenizer ${cell(tokenizer.name)} (sha256 of its tokenizer.json: ${tokenizer.sha256}); plain text, without special tokens and chat template.`
      : 'In bytes and words: no tokenizer was named, and these are not tokens.',
    ...units.flatMap(({ unit, parts }) => [
      table(
        [unit, 'mean', 'median', '90 %', '99 %', 'most'],
        lengthParts.map((part) => {
          const { mean, p50, p90, p99, max } = parts[part];
          return [part, mean.toFixed(1), p50, p90, p99, max];
        }),
      ),
    ]),
  ];
}
