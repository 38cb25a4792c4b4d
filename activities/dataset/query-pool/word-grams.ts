/** Hashes of runs of words: 53 bits each, so that among the 10 million runs of a large pool two differ with probability 0.99. */

/** Of every run of `size` words, in order. A text with fewer words has none. */
export function gramsOf(words: readonly string[], size: number): Float64Array {
  const count = Math.max(0, words.length - size + 1);
  const low = new Int32Array(words.length);
  const high = new Int32Array(words.length);
  words.forEach((word, index) => {
    low[index] = hashOf(word, 0x811c9dc5);
    high[index] = hashOf(word, 0x41c6ce57);
  });
  const grams = new Float64Array(count);
  for (let start = 0; start < count; start++) {
    let [one, two] = [size, ~size];
    for (let at = start; at < start + size; at++) {
      one = mix(one ^ (low[at] as number), 0x85ebca6b);
      two = mix(two ^ (high[at] as number), 0xc2b2ae35);
    }
    grams[start] = (one >>> 0) + (two & 0x1fffff) * 2 ** 32;
  }
  return grams;
}

/** Ascending, each once. */
export function distinct(grams: Float64Array): Float64Array {
  const sorted = grams.toSorted();
  return sorted.filter((gram, index) => gram !== sorted[index - 1]);
}

/** Share of what both have in what either has. Both ascending, each value once. */
export function jaccard(a: Float64Array, b: Float64Array): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i] as number, b[j] as number];
    if (left === right) both += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  const either = a.length + b.length - both;
  return either === 0 ? 0 : both / either;
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

function mix(value: number, factor: number): number {
  const product = Math.imul(value ^ (value >>> 16), factor);
  return Math.imul(product ^ (product >>> 13), 0x9e3779b1) ^ (product >>> 15);
}
