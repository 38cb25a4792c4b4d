/** Queries with the same text: one is kept when their golds agree, none when they do not. */
import type { Query } from '../../../workflows/shared/query.ts';
import type { Comparable } from './comparable.ts';
import { goldKeyOf } from './gold-key.ts';

export interface ComparedQuery {
  readonly query: Query;
  readonly content: Comparable;
}

export interface ExactDuplicates {
  readonly kept: readonly ComparedQuery[];
  readonly duplicates: readonly { readonly query: Query; readonly of: Query }[];
  /** Groups of two or more queries. */
  readonly conflicts: readonly (readonly Query[])[];
}

/** The first of the list is kept; of `none` and a gold, the first with a gold. */
export function findExactDuplicates(queries: readonly ComparedQuery[]): ExactDuplicates {
  const byText = new Map<string, ComparedQuery[]>();
  for (const one of queries) {
    const group = byText.get(one.content.text);
    if (group) group.push(one);
    else byText.set(one.content.text, [one]);
  }
  const kept: ComparedQuery[] = [];
  const duplicates: { query: Query; of: Query }[] = [];
  const conflicts: Query[][] = [];
  for (const group of byText.values()) {
    const golds = new Set(group.flatMap(({ query }) => goldKeyOf(query.gold) ?? []));
    if (golds.size > 1) {
      conflicts.push(group.map(({ query }) => query));
      continue;
    }
    const first = group.find(({ query }) => query.gold.kind !== 'none') ?? group[0];
    if (!first) continue;
    kept.push(first);
    for (const one of group) if (one !== first) duplicates.push({ query: one.query, of: first.query });
  }
  return { kept, duplicates, conflicts };
}
