/**
 * Stratified sampling: of each source so many queries, shared out to its subjects in proportion. Which ones is decided by a hash of
 * the seed and the query's id alone, so the same seed gives the same sample whatever the order of the files.
 */
import { createHash } from 'node:crypto';
import type { Query } from '../../../workflows/shared/query.ts';

/** The query pool of the paper (method.md section 1): 12,222 queries. */
export const paperSizes: Readonly<Record<string, number>> = {
  math: 6_000,
  gsm8k: 1_000,
  'gsm-hard': 319,
  aqua: 1_000,
  mbpp: 374,
  sciq: 2_000,
  mmlu: 1_529,
};

/** By source. A source that is not named is taken whole. */
export type SampleSizes = Readonly<Record<string, number>>;

export interface Sample {
  /** In the order of the list. */
  readonly kept: readonly Query[];
  /** Sources that have fewer than what was asked for; all of these are kept. */
  readonly short: readonly { readonly source: string; readonly asked: number; readonly had: number }[];
}

export function sampleQueries(queries: readonly Query[], sizes: SampleSizes, seed: number): Sample {
  const chosen = new Set<Query>();
  const short: { source: string; asked: number; had: number }[] = [];
  const bySource = groupBy(queries, ({ source }) => source);
  for (const [source, asked] of sorted(new Map(Object.entries(sizes)))) {
    const had = bySource.get(source)?.length ?? 0;
    if (had < asked) short.push({ source, asked, had });
  }
  for (const [source, members] of bySource) {
    const size = Object.hasOwn(sizes, source) ? (sizes[source] as number) : members.length;
    const strata = sorted(groupBy(members, ({ subject }) => subject));
    const shares = shareOut(
      strata.map(([, stratum]) => stratum.length),
      Math.min(size, members.length),
    );
    strata.forEach(([, stratum], index) => {
      for (const query of inDrawnOrder(stratum, seed).slice(0, shares[index])) chosen.add(query);
    });
  }
  return { kept: queries.filter((query) => chosen.has(query)), short };
}

/** Whole shares in proportion to `counts` that sum up to `total`, by the largest remainder; ties go to the first. */
function shareOut(counts: readonly number[], total: number): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((count) => Math.floor((count * total) / Math.max(all, 1)));
  const missing = total - shares.reduce((sum, share) => sum + share, 0);
  const remainders = counts.map((count, index) => ({ index, rest: (count * total) % Math.max(all, 1) }));
  const byRest = remainders.toSorted((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of byRest.slice(0, missing)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}

function inDrawnOrder(queries: readonly Query[], seed: number): Query[] {
  const drawn = queries.map((query) => ({
    query,
    draw: createHash('sha256').update(`sample/${seed}/${query.id}`).digest('hex'),
  }));
  return drawn.toSorted((a, b) => (a.draw < b.draw ? -1 : 1)).map(({ query }) => query);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function sorted<T>(groups: ReadonlyMap<string, T>): [string, T][] {
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
