/** Wilson's score interval for a proportion (Wilson 1927; method 3 of Newcombe 1998, Statistics in Medicine 17:857-872). */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 95 %, two-sided. */
const z = 1.959963984540054;

/** `successes` may be a fraction: repeats are averaged per item first. No items: the whole range. */
export function wilson(successes: number, n: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = successes / n;
  const centre = p + z ** 2 / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}
