/** The 95 % interval of an accuracy: Wilson below 100 items, bootstrap clustered by item from there on. */
import { bootstrapMean, mean } from './bootstrap.ts';
import { type Interval, wilson } from './wilson.ts';

const bootstrapFrom = 100;

/** `items`: the scores (0 to 1) of each item's repeats. When all items agree, a bootstrap would claim certainty: Wilson again. */
export function accuracyInterval(items: readonly (readonly number[])[], seed: number): Interval {
  const means = items.map(mean);
  const allEqual = means.every((value) => value === means[0]);
  if (items.length < bootstrapFrom || allEqual) {
    return wilson(
      means.reduce((sum, value) => sum + value, 0),
      items.length,
    );
  }
  return bootstrapMean(items, seed);
}
