/** Counts and lengths of a pool's queries, by source, subject and kind of gold. */
import type { Gold, Query } from '../../../workflows/shared/query.ts';

export interface Lengths {
  readonly median: number;
  /** 95 % are at most so long. */
  readonly p95: number;
  readonly longest: number;
}

export interface PoolStats {
  readonly queries: number;
  readonly groups: readonly {
    readonly source: string;
    readonly subject: string;
    readonly gold: Gold['kind'];
    readonly queries: number;
    readonly words: Lengths;
  }[];
  /** Of all queries. Words: between blanks. */
  readonly words: Lengths;
  readonly characters: Lengths;
}

export function poolStats(queries: readonly Query[]): PoolStats {
  const groups = new Map<string, Query[]>();
  for (const query of queries) {
    const key = JSON.stringify([query.source, query.subject, query.gold.kind]);
    const group = groups.get(key);
    if (group) group.push(query);
    else groups.set(key, [query]);
  }
  return {
    queries: queries.length,
    groups: [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, members]) => {
        const [source, subject, gold] = JSON.parse(key) as [string, string, Gold['kind']];
        return { source, subject, gold, queries: members.length, words: lengthsOf(members.map(wordsIn)) };
      }),
    words: lengthsOf(queries.map(wordsIn)),
    characters: lengthsOf(queries.map(({ text }) => text.length)),
  };
}

function wordsIn({ text }: Query): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

function lengthsOf(lengths: readonly number[]): Lengths {
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}
