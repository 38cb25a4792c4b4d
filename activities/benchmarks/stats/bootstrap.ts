/** Percentile bootstrap of a mean, resampled by item: an item's repeats stay together and are never counted as items. */
import { seededRandom } from './seeded-random.ts';
import type { Interval } from './wilson.ts';

const resamples = 2_000;

/** 95 %. `items` holds one list of scores per item; the estimate is the mean of the items' means. Same seed, same interval. */
export function bootstrapMean(items: readonly (readonly number[])[], seed: number): Interval {
  const means = Float64Array.from(items, mean);
  const random = seededRandom(seed);
  const estimates = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let draw = 0; draw < means.length; draw += 1) sum += means[Math.floor(random() * means.length)] ?? 0;
    estimates[resample] = sum / means.length;
  }
  estimates.sort();
  return { low: quantile(estimates, 0.025), high: quantile(estimates, 0.975) };
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). */
function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (at - Math.floor(at)) * (above - below);
}
