/**
 * k-means over unit vectors (Lloyd 1982; seeding by k-means++, Arthur and Vassilvitskii 2007). On unit vectors Euclid's
 * distance orders as the cosine does. The same vectors, k and seed give the same clusters on every machine. Long loops let
 * other work of the process in between.
 */
import { setImmediate as letOthersIn } from 'node:timers/promises';
import { seededRandom } from '../../benchmarks/stats/seeded-random.ts';
import type { Vectors } from '../embedding/embedder.ts';

export interface Clusters {
  /** At most the k that was asked for: less when there are fewer different vectors. */
  readonly k: number;
  /** Cluster by vector, 0 to k - 1: larger clusters first, then by their first member. */
  readonly labels: Int32Array;
  /** [k, dimensions] */
  readonly centres: Float64Array;
  /** Sum of squared distances to the centres. */
  readonly inertia: number;
}

export interface KMeansOptions {
  readonly k: number;
  readonly seed: number;
  /** The best of so many starts; default 4. */
  readonly restarts?: number;
  /** Per start; default 30. */
  readonly maxRounds?: number;
  /** Instead of seeding: [k, dimensions]; there is one start then. */
  readonly from?: Float64Array;
}

/** Vectors between two looks at the other work of the process: some milliseconds. */
const rowsAtOnce = 256;

export async function kMeans(vectors: Vectors, options: KMeansOptions): Promise<Clusters> {
  const { k, seed, from, restarts = 4, maxRounds = 30 } = options;
  let best: Run | undefined;
  for (let restart = 0; restart < (from ? 1 : restarts); restart++) {
    const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ restart);
    const centres = from ? Float64Array.from(from) : await firstCentres(vectors, k, random);
    const run = await moveToRest(vectors, centres, maxRounds);
    if (best === undefined || run.inertia < best.inertia) best = run;
  }
  return inOrder(best ?? { labels: new Int32Array(0), centres: new Float64Array(0), inertia: 0 }, vectors);
}

interface Run {
  readonly labels: Int32Array;
  readonly centres: Float64Array;
  readonly inertia: number;
}

/** Lloyd's rounds, until fewer than one vector in a thousand changes its cluster. */
async function moveToRest(vectors: Vectors, centres: Float64Array, maxRounds: number): Promise<Run> {
  const { count, dimensions, values } = vectors;
  const clusters = centres.length / Math.max(1, dimensions);
  const labels = new Int32Array(count).fill(-1);
  let inertia = 0;
  for (let round = 0; round < maxRounds; round++) {
    let moved = 0;
    inertia = 0;
    // |x - c|^2 = |x|^2 + |c|^2 - 2 x.c, where |x| is 1.
    const lengths = Float64Array.from({ length: clusters }, (_, cluster) =>
      dot(centres, cluster * dimensions, centres, cluster * dimensions, dimensions),
    );
    for (let row = 0; row < count; row++) {
      if (row % rowsAtOnce === 0) await letOthersIn();
      let nearest = 0;
      let least = Infinity;
      for (let cluster = 0; cluster < clusters; cluster++) {
        const product = dot(values, row * dimensions, centres, cluster * dimensions, dimensions);
        const distance = 1 + (lengths[cluster] as number) - 2 * product;
        if (distance < least) {
          least = distance;
          nearest = cluster;
        }
      }
      inertia += Math.max(0, least);
      if (labels[row] !== nearest) {
        labels[row] = nearest;
        moved += 1;
      }
    }
    if (moved * 1_000 < count) break;
    moveCentres(vectors, labels, centres);
  }
  return { labels, centres, inertia };
}

/** Each next centre is drawn with the square of its distance to those there are as its weight. */
async function firstCentres(vectors: Vectors, k: number, random: () => number): Promise<Float64Array> {
  const { count, dimensions, values } = vectors;
  const chosen: number[] = count === 0 ? [] : [Math.floor(random() * count)];
  const nearest = new Float64Array(count).fill(Infinity);
  while (chosen.length > 0 && chosen.length < k) {
    await letOthersIn();
    const last = (chosen.at(-1) as number) * dimensions;
    let total = 0;
    for (let row = 0; row < count; row++) {
      const distance = Math.max(0, 2 - 2 * dot(values, row * dimensions, values, last, dimensions));
      if (distance < (nearest[row] as number)) nearest[row] = distance;
      total += nearest[row] as number;
    }
    // What is left are copies of the centres, but for rounding.
    if (total <= count * 1e-6) break;
    let left = random() * total;
    let row = 0;
    while (row < count - 1 && (left -= nearest[row] as number) >= 0) row += 1;
    chosen.push(row);
  }
  const centres = new Float64Array(chosen.length * dimensions);
  for (const [index, row] of chosen.entries())
    centres.set(values.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
  return centres;
}

/** A centre that has lost all its members stays where it is. */
function moveCentres(
  { count, dimensions, values }: Vectors,
  labels: Int32Array,
  centres: Float64Array,
): void {
  const sums = new Float64Array(centres.length);
  const sizes = new Int32Array(centres.length / dimensions);
  for (let row = 0; row < count; row++) {
    const cluster = labels[row] as number;
    sizes[cluster] = (sizes[cluster] as number) + 1;
    const to = cluster * dimensions;
    const from = row * dimensions;
    for (let d = 0; d < dimensions; d++)
      sums[to + d] = (sums[to + d] as number) + (values[from + d] as number);
  }
  for (const [cluster, size] of sizes.entries()) {
    if (size === 0) continue;
    const to = cluster * dimensions;
    for (let d = 0; d < dimensions; d++) centres[to + d] = (sums[to + d] as number) / size;
  }
}

type Numbers = Float32Array | Float64Array;

/** Four sums at once: a processor adds them side by side. */
function dot(a: Numbers, atA: number, b: Numbers, atB: number, length: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = length - (length % 4);
  for (let d = 0; d < whole; d += 4) {
    first += (a[atA + d] as number) * (b[atB + d] as number);
    second += (a[atA + d + 1] as number) * (b[atB + d + 1] as number);
    third += (a[atA + d + 2] as number) * (b[atB + d + 2] as number);
    fourth += (a[atA + d + 3] as number) * (b[atB + d + 3] as number);
  }
  for (let d = whole; d < length; d++) first += (a[atA + d] as number) * (b[atB + d] as number);
  return first + second + third + fourth;
}

function inOrder({ labels, centres, inertia }: Run, { dimensions }: Vectors): Clusters {
  const members = new Map<number, { size: number; first: number }>();
  for (const [row, label] of labels.entries()) {
    const known = members.get(label);
    if (known) known.size += 1;
    else members.set(label, { size: 1, first: row });
  }
  const order = [...members].toSorted(([, a], [, b]) => b.size - a.size || a.first - b.first);
  const renamed = new Map(order.map(([label], index) => [label, index]));
  const sorted = new Float64Array(order.length * dimensions);
  for (const [index, [label]] of order.entries())
    sorted.set(centres.subarray(label * dimensions, (label + 1) * dimensions), index * dimensions);
  return {
    k: order.length,
    labels: labels.map((label) => renamed.get(label) as number),
    centres: sorted,
    inertia,
  };
}
