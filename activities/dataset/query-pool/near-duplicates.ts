/**
 * Near-duplicates by MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, 3.4): texts whose signatures agree
 * in a band are candidates, and each candidate's Jaccard similarity is computed exactly before anything counts as a duplicate. So there
 * is no false alarm; a pair at similarity s is missed with probability `missRate(s)`.
 */
import { distinct, gramsOf, jaccard } from './word-grams.ts';

export const minHash = { shingleWords: 3, permutations: 128, bands: 32 } as const;
/** At least this similar, by default, is a near-duplicate. */
export const defaultThreshold = 0.8;
/** Below it, more than one in eight pairs would be missed. */
export const leastThreshold = 0.5;

const rowsPerBand = minHash.permutations / minHash.bands;

/** Probability that no band of a pair with this similarity agrees: 5e-8 at 0.8, 0.0002 at 0.7, 0.13 at 0.5. */
export function missRate(similarity: number): number {
  return (1 - similarity ** rowsPerBand) ** minHash.bands;
}

export interface NearDuplicate {
  /** Positions in the list. */
  readonly index: number;
  /** The most similar one that stands before it and is kept. */
  readonly of: number;
  /** Exact, of their sets of word shingles. */
  readonly jaccard: number;
}

/** In the list's order: a text is dropped when it is that similar to one before it that is kept. */
export function findNearDuplicates(
  texts: readonly (readonly string[])[],
  threshold: number,
): NearDuplicate[] {
  if (!(threshold >= leastThreshold && threshold <= 1))
    throw new RangeError(`the threshold ${threshold} is not between ${leastThreshold} and 1`);
  const shingles = texts.map(shinglesOf);
  const rarest = rarestOf(shingles, threshold);
  const bands = Array.from({ length: minHash.bands }, createPostings);
  const rare = createPostings();
  const lastSeenBy = new Int32Array(texts.length).fill(-1);
  const found: NearDuplicate[] = [];
  shingles.forEach((own, index) => {
    if (own.length === 0) return;
    const keys = bandKeys(signatureOf(own));
    const inBands = keys.map((key, band) => bands[band]?.get(key) ?? []);
    const size = inBands.reduce((sum, { length }) => sum + length, 0);
    const lists = size <= crowded ? inBands : [...rarest(own)].map((shingle) => rare.get(shingle) ?? []);
    let best: NearDuplicate | undefined;
    for (const list of lists)
      for (const of of list) {
        if (lastSeenBy[of] === index) continue;
        lastSeenBy[of] = index;
        const similarity = jaccard(own, shingles[of] as Float64Array);
        const isBetter = !best || similarity > best.jaccard || (similarity === best.jaccard && of < best.of);
        if (similarity >= threshold && isBetter) best = { index, of, jaccard: similarity };
      }
    if (best) found.push(best);
    else {
      keys.forEach((key, band) => bands[band]?.add(key, index));
      for (const shingle of rarest(own)) rare.add(shingle, index);
    }
  });
  return found;
}

/**
 * More entries in a text's bands than this come from one template, whose texts are alike but not that alike. Then candidates are those
 * that share a rare shingle, which are few and miss nothing.
 */
const crowded = 2_000;

/** A text shorter than a shingle is one shingle. */
function shinglesOf(words: readonly string[]): Float64Array {
  return distinct(gramsOf(words, Math.min(minHash.shingleWords, Math.max(1, words.length))));
}

/**
 * Of a text the rarest shingles, so many that two texts at the threshold must share one of them (prefix filter: Bayardo et al. 2007,
 * Scaling Up All Pairs Similarity Search).
 */
function rarestOf(shingles: readonly Float64Array[], threshold: number): (own: Float64Array) => Float64Array {
  const counts = new Map<number, number>();
  for (const own of shingles) for (const shingle of own) counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
  const countOf = (shingle: number): number => counts.get(shingle) ?? 0;
  return (own) => {
    const size = own.length - Math.ceil(threshold * own.length) + 1;
    return own.toSorted((a, b) => countOf(a) - countOf(b) || a - b).slice(0, size);
  };
}

/** Odd factors and offsets of the permutations, the same on every machine. */
const factors = Int32Array.from({ length: minHash.permutations }, (_, index) =>
  scramble(index * 2 + 1, 0x7feb352d),
);

function signatureOf(shingles: Float64Array): Uint32Array {
  const signature = new Uint32Array(minHash.permutations).fill(0xffffffff);
  for (const shingle of shingles) {
    const folded = (shingle % 2 ** 32) ^ (shingle / 2 ** 32);
    for (let index = 0; index < minHash.permutations; index++) {
      const value = scramble(folded ^ (factors[index] as number), 0x846ca68b) >>> 0;
      if (value < (signature[index] as number)) signature[index] = value;
    }
  }
  return signature;
}

/** One number per band: 32 bits, as a collision only makes another candidate. */
function bandKeys(signature: Uint32Array): number[] {
  return Array.from({ length: minHash.bands }, (_, band) => {
    let key = band;
    for (let row = 0; row < rowsPerBand; row++)
      key = scramble(key ^ (signature[band * rowsPerBand + row] as number), 0x7feb352d);
    return key;
  });
}

function scramble(value: number, factor: number): number {
  const first = Math.imul(value ^ (value >>> 16), factor);
  const second = Math.imul(first ^ (first >>> 15), 0x846ca68b);
  return second ^ (second >>> 16);
}

interface Postings {
  get(key: number): readonly number[] | undefined;
  add(key: number, value: number): void;
}

function createPostings(): Postings {
  const lists = new Map<number, number[]>();
  return {
    get: (key) => lists.get(key),
    add(key, value) {
      const list = lists.get(key);
      if (list) list.push(value);
      else lists.set(key, [value]);
    },
  };
}
