/** Of a dataset's queries, those that a score can be had of: with a gold, and with no other gold for the same text. Order is kept. */
import type { DatasetPlan } from '../../workflows/dataset/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { comparableOf } from './query-pool/comparable.ts';
import { findExactDuplicates } from './query-pool/exact-duplicates.ts';

export interface UsableQueries {
  readonly queries: readonly Query[];
  readonly unusable: NonNullable<DatasetPlan['unusable']>;
}

export function usableQueries(all: readonly Query[]): UsableQueries {
  const compared = all.map((query) => ({ query, content: comparableOf(query) }));
  const conflicting = new Set(findExactDuplicates(compared).conflicts.flat());
  const withGold = all.filter(({ gold }) => gold.kind !== 'none');
  const queries = withGold.filter((query) => !conflicting.has(query));
  const conflicts = withGold.length - queries.length;
  return { queries, unusable: { withoutGold: all.length - withGold.length, conflicts } };
}
