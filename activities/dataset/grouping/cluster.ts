/**
 * Groups of vectors that are alike: k-means with the given k, or with the k of the highest mean silhouette. Each k is tried
 * on one seeded sample of at most 1,500 vectors, clustered and judged there; its best centres start the clustering of all.
 */
import { createRandom } from '../random.ts';
import type { Vectors } from '../embedding/embedder.ts';
import { type Clusters, kMeans } from './k-means.ts';
import { pairDistances, silhouette } from './silhouette.ts';

export interface Clustering extends Clusters {
  /** Of the sample, for the clusters over all vectors. */
  readonly silhouette: number;
  /** The vector nearest to each centre, by cluster. */
  readonly exemplars: readonly number[];
  /** With `auto`: what was tried, on the sample. */
  readonly tried: readonly { readonly k: number; readonly silhouette: number }[];
}

export interface ClusterOptions {
  readonly k: number | 'auto';
  readonly seed: number;
}

const sampleSize = 1_500;
/** A group of fewer queries says little about which program suits it. */
const leastMembers = 8;
const steps = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64];

export async function cluster(vectors: Vectors, { k, seed }: ClusterOptions): Promise<Clustering> {
  const rows = sampleOf(vectors.count, seed);
  const sample = rowsOf(vectors, rows);
  const distances = await pairDistances(sample);
  const tried: { k: number; silhouette: number }[] = [];
  if (k === 'auto') {
    for (const size of steps.filter((step) => step * leastMembers <= vectors.count)) {
      const { labels, k: found } = await kMeans(sample, { k: size, seed, restarts: 2 });
      tried.push({ k: size, silhouette: silhouette(distances, labels, found) });
    }
  }
  const [best] = tried.toSorted((a, b) => b.silhouette - a.silhouette || a.k - b.k);
  const chosen = k === 'auto' ? (best?.k ?? 1) : k;
  // Where there are more vectors than the sample holds, the sample's centres are the start.
  const start =
    rows.length < vectors.count ? { from: (await kMeans(sample, { k: chosen, seed })).centres } : {};
  const clusters = await kMeans(vectors, { k: chosen, seed, ...start });
  const labels = Int32Array.from(rows, (row) => clusters.labels[row] as number);
  return {
    ...clusters,
    tried,
    silhouette: silhouette(distances, labels, clusters.k),
    exemplars: exemplarsOf(vectors, clusters),
  };
}

function sampleOf(count: number, seed: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  if (count <= sampleSize) return all;
  return createRandom(`silhouette/${seed}`)
    .shuffle(all)
    .slice(0, sampleSize)
    .toSorted((a, b) => a - b);
}

function rowsOf({ dimensions, values }: Vectors, rows: readonly number[]): Vectors {
  const chosen = new Float32Array(rows.length * dimensions);
  for (const [index, row] of rows.entries())
    chosen.set(values.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
  return { count: rows.length, dimensions, values: chosen };
}

function exemplarsOf({ count, dimensions, values }: Vectors, { k, labels, centres }: Clusters): number[] {
  const nearest = Array.from({ length: k }, () => ({ row: 0, distance: Infinity }));
  for (let row = 0; row < count; row++) {
    const label = labels[row] as number;
    let distance = 0;
    for (let d = 0; d < dimensions; d++) {
      const difference =
        (values[row * dimensions + d] as number) - (centres[label * dimensions + d] as number);
      distance += difference * difference;
    }
    const known = nearest[label] as { row: number; distance: number };
    if (distance < known.distance) nearest[label] = { row, distance };
  }
  return nearest.map(({ row }) => row);
}
