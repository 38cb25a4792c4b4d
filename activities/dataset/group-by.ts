/** The queries of each group: by metadata, or as an earlier step clustered them. Groups are in the order of their first query. */
import type { GroupBy, Groups } from '../../workflows/dataset/selection-contract.ts';
import type { Query } from '../../workflows/shared/query.ts';

export function groupQueries(
  queries: readonly Query[],
  groupBy: GroupBy,
  clustered: Groups | undefined,
): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, query] of queries.entries()) {
    const label = clustered?.labels[index];
    const group = label === undefined ? metadataOf(query, groupBy) : (clustered?.groups[label]?.name ?? '');
    const members = groups.get(group);
    if (members) members.push(index);
    else groups.set(group, [index]);
  }
  return groups;
}

function metadataOf({ source, subject }: Query, groupBy: GroupBy): string {
  return groupBy === 'source' || subject === '' ? source : `${source}/${subject}`;
}
