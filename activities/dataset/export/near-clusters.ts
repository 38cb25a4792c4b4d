/**
 * Clusters of near-duplicate queries: connected components over all pairs whose sets of 3-word runs have a Jaccard similarity of at
 * least 0.8, numbers masked (the same story with other numbers is near). Exact: candidates come from prefix filtering
 * (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search"), so no pair is missed.
 */
import { createUnion } from './union.ts';

export const nearRule = { shingleWords: 3, jaccard: 0.8 } as const;

/** By position of the text: the position of the first member of its cluster. */
export function clusterOf(texts: readonly string[]): number[] {
  const sets = inRareFirstOrder(texts.map(shinglesOf));
  const union = createUnion(texts.length);
  const index = new Map<number, number[]>();
  const same = new Map<string, number>();
  const bySize = [...sets.keys()].toSorted(
    (a, b) => (sets[a]?.length ?? 0) - (sets[b]?.length ?? 0) || a - b,
  );
  for (const own of bySize) {
    const set = sets[own] ?? [];
    const twin = same.get(set.join());
    if (twin !== undefined) {
      union.join(own, twin);
      continue;
    }
    same.set(set.join(), own);
    const seen = new Set<number>();
    for (const token of set.slice(0, prefixLength(set.length))) {
      const members = index.get(token) ?? [];
      for (const other of members) {
        if (seen.has(other)) continue;
        seen.add(other);
        const candidate = sets[other] ?? [];
        if (candidate.length < nearRule.jaccard * set.length || union.joined(own, other)) continue;
        if (jaccard(set, candidate) >= nearRule.jaccard) union.join(own, other);
      }
      members.push(own);
      index.set(token, members);
    }
  }
  return texts.map((_, position) => union.first(position));
}

/** Two sets that are similar enough share a token among so many of their rarest. */
function prefixLength(size: number): number {
  return size - Math.ceil(nearRule.jaccard * size) + 1;
}

function shinglesOf(text: string): string[] {
  const words = (
    text
      .toLowerCase()
      .normalize('NFKC')
      .match(/\p{N}+(?:[.,]\p{N}+)*|[\p{L}\p{M}]+/gu) ?? []
  ).map((word) => (/^\p{N}/u.test(word) ? '#' : word));
  const size = Math.min(nearRule.shingleWords, Math.max(1, words.length));
  const runs = words.slice(0, words.length - size + 1).map((_, at) => words.slice(at, at + size).join(' '));
  // A text without words is only near to the same text.
  return runs.length === 0 ? [`\0${text}`] : [...new Set(runs)];
}

/** Sets of numbers, the rarest token first: the same order in all sets. */
function inRareFirstOrder(sets: readonly (readonly string[])[]): number[][] {
  const counts = new Map<string, number>();
  for (const set of sets) for (const token of set) counts.set(token, (counts.get(token) ?? 0) + 1);
  const order = [...counts].toSorted(([a, m], [b, n]) => m - n || (a < b ? -1 : 1));
  const ranks = new Map(order.map(([token], rank) => [token, rank]));
  return sets.map((set) => set.map((token) => ranks.get(token) ?? 0).toSorted((a, b) => a - b));
}

function jaccard(a: readonly number[], b: readonly number[]): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const difference = (a[i] as number) - (b[j] as number);
    if (difference === 0) shared++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return shared / (a.length + b.length - shared);
}
