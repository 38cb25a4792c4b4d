/** The card's section on sources: licences, the query pools, and the evaluation sets that these were cleared of. */
import { cell } from '../../../workflows/shared/encode/markdown.ts';
import type { CardInput, Origin } from '../card.ts';
import { countBy, table, type Value } from './card-table.ts';
import { licenceOf, strictest } from './licences.ts';

export function sourceParts({ queries, origins }: CardInput): string[] {
  const counts = countBy(queries.map(({ source, licence }) => JSON.stringify([source, licence])));
  const rows = counts.map(([key, count]): Value[] => {
    const [source = '', licence = ''] = JSON.parse(key) as string[];
    return [source, licence || 'not stated', count];
  });
  const most = strictest(queries.map(({ licence }) => licence));
  return [
    '## Sources',
    table(['source', 'licence', 'queries'], rows),
    most === undefined
      ? ''
      : `The strictest of these licences, ${cell(most || 'not stated')}, ${licenceOf(most).asks}. The pool's programs are under Apache-2.0. What models wrote is under the terms of their providers.`,
    ...origins.flatMap(originParts),
  ];
}

function originParts(origin: Origin): string[] {
  if (origin.kind === 'source')
    return [
      `Queries of ${cell(origin.source)} were taken as they are: duplicates and overlaps with evaluation sets were not looked for.`,
    ];
  const { pool, sha256, report } = origin;
  const name = `Query pool ${cell(pool)}, sha256 of its queries ${sha256}`;
  if (!report) return [`${name}. Its report is no longer stored: what it was cleared of is not known here.`];
  const { against, heldOut, settings } = report;
  const { maskNumbers } = settings.contamination;
  const sets = [
    ...against.map(({ source, queries }) => [source, queries.count, queries.sha256]),
    ...(heldOut ? [[`${heldOut.source}, held out`, heldOut.queries.count, heldOut.queries.sha256]] : []),
  ];
  if (sets.length === 0)
    return [`${name}: without near-duplicates. It was cleared of no evaluation set: none was named.`];
  return [
    `${name}: without near-duplicates, and cleared of what shares runs of ${settings.contamination.gramWords} words with these evaluation sets${maskNumbers ? ', numbers masked' : ', numbers as they are'}:`,
    table(['evaluation set', 'queries', 'sha256 of its queries'], sets),
  ];
}
