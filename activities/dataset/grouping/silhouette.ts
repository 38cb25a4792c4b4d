/**
 * Mean silhouette (Rousseeuw 1987) by Euclid's distance: how much nearer a vector is to its own cluster than to the next
 * one, -1 to 1. Exact over the vectors that it is given: the caller samples. A vector alone in its cluster counts 0.
 */
import { setImmediate as letOthersIn } from 'node:timers/promises';
import type { Vectors } from '../embedding/embedder.ts';

/** Distances of all pairs, [count, count]. */
export async function pairDistances({ count, dimensions, values }: Vectors): Promise<Float32Array> {
  const distances = new Float32Array(count * count);
  for (let a = 0; a < count; a++) {
    if (a % 64 === 0) await letOthersIn();
    for (let b = a + 1; b < count; b++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        const difference = (values[a * dimensions + d] as number) - (values[b * dimensions + d] as number);
        sum += difference * difference;
      }
      const distance = Math.sqrt(sum);
      distances[a * count + b] = distance;
      distances[b * count + a] = distance;
    }
  }
  return distances;
}

export function silhouette(distances: Float32Array, labels: Int32Array, k: number): number {
  const count = labels.length;
  const sizes = new Int32Array(k);
  for (const label of labels) sizes[label] = (sizes[label] as number) + 1;
  let total = 0;
  const sums = new Float64Array(k);
  for (let row = 0; row < count; row++) {
    const own = labels[row] as number;
    if ((sizes[own] as number) < 2) continue;
    sums.fill(0);
    for (let other = 0; other < count; other++) {
      const label = labels[other] as number;
      sums[label] = (sums[label] as number) + (distances[row * count + other] as number);
    }
    const within = (sums[own] as number) / ((sizes[own] as number) - 1);
    let next = Infinity;
    for (let cluster = 0; cluster < k; cluster++)
      if (cluster !== own && (sizes[cluster] as number) > 0)
        next = Math.min(next, (sums[cluster] as number) / (sizes[cluster] as number));
    const larger = Math.max(within, next);
    if (Number.isFinite(next) && larger > 0) total += (next - within) / larger;
  }
  return count === 0 ? 0 : total / count;
}
