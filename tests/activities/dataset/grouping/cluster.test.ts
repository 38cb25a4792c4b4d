/** Clusters of unit vectors: found again, the same each time, with k given, too large, or chosen by silhouette. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../../../activities/benchmarks/stats/seeded-random.ts';
import type { Vectors } from '../../../../activities/dataset/embedding/embedder.ts';
import { cluster } from '../../../../activities/dataset/grouping/cluster.ts';
import { kMeans } from '../../../../activities/dataset/grouping/k-means.ts';
import { pairDistances, silhouette } from '../../../../activities/dataset/grouping/silhouette.ts';

const dimensions = 16;

/** Vector `i` belongs to bundle `i % bundles`. */
function bundled(count: number, bundles: number, noise: number, seed = 1): Vectors {
  const random = seededRandom(seed);
  const centred = (): number => 2 * random() - 1;
  const middles = Array.from({ length: bundles }, () => Array.from({ length: dimensions }, centred));
  const values = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const vector = (middles[row % bundles] as number[]).map((value) => value + noise * centred());
    const length = Math.hypot(...vector);
    values.set(
      vector.map((value) => value / length),
      row * dimensions,
    );
  }
  return { count, dimensions, values };
}

/** Members of one bundle share a label, and no two bundles do. */
function isFound(labels: Int32Array, bundles: number): boolean {
  const pairs = new Set([...labels].map((label, row) => `${row % bundles} ${label}`));
  return pairs.size === bundles && new Set(labels).size === bundles;
}

it('finds bundles again, larger clusters first, the same on each call', async () => {
  const vectors = bundled(400, 5, 0.2);
  const found = await kMeans(vectors, { k: 5, seed: 3 });
  expect(isFound(found.labels, 5)).toBe(true);
  expect(await kMeans(vectors, { k: 5, seed: 3 })).toEqual(found);
  const uneven = await kMeans(bundled(401, 2, 0.2), { k: 2, seed: 0 });
  expect(uneven.labels[0]).toBe(0);
});

it('the silhouette chooses the number of bundles, from few vectors and from more than are sampled', async () => {
  for (const count of [240, 2_400]) {
    const found = await cluster(bundled(count, 6, 0.25), { k: 'auto', seed: 1 });
    expect(found.k).toBe(6);
    expect(isFound(found.labels, 6)).toBe(true);
    expect(found.silhouette).toBeGreaterThan(0.4);
    expect(found.exemplars.map((row) => found.labels[row])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Math.max(...found.tried.map((one) => one.silhouette))).toBe(
      found.tried.find(({ k }) => k === 6)?.silhouette,
    );
  }
}, 120_000);

it('k above the number of vectors, or of different vectors, gives what there is', async () => {
  expect((await cluster(bundled(3, 3, 0.1), { k: 50, seed: 0 })).k).toBe(3);
  const copies = {
    count: 40,
    dimensions: 2,
    values: new Float32Array(80).map((_, at) => (at % 4 < 1 ? 1 : at % 4 === 3 ? 1 : 0)),
  };
  const found = await cluster(copies, { k: 7, seed: 0 });
  expect(found.k).toBe(2);
  expect([...found.labels.slice(0, 4)]).toEqual([0, 1, 0, 1]);
  const one = await cluster(bundled(1, 1, 0), { k: 'auto', seed: 0 });
  expect([one.k, one.exemplars, one.silhouette]).toEqual([1, [0], 0]);
});

it('the silhouette is that of its definition', async () => {
  // On a line: 0, 1 | 4, 5. For 0: a = 1, b = 4.5; for 1: a = 1, b = 3.5; the others by symmetry.
  const distances = await pairDistances({ count: 4, dimensions: 1, values: Float32Array.of(0, 1, 4, 5) });
  const expected = ((4.5 - 1) / 4.5 + (3.5 - 1) / 3.5) / 2;
  expect(silhouette(distances, Int32Array.of(0, 0, 1, 1), 2)).toBeCloseTo(expected, 6);
  expect(silhouette(distances, Int32Array.of(0, 0, 0, 1), 2)).toBeLessThan(expected);
});
