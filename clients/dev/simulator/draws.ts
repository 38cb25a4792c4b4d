/** Reproducible chance: every number is a function of its key, so the same request meets the same luck in every process. */
import { createHash } from 'node:crypto';

export interface Draws {
  /** Uniform in [0, 1); `label` separates decisions that share a key. */
  uniform(label: string): number;
  /** One of `items`, evenly. */
  pick<T>(label: string, items: readonly T[]): T;
}

export function createDraws(key: string): Draws {
  const uniform = (label: string): number =>
    createHash('sha256').update(key).update('\u0000').update(label).digest().readUIntBE(0, 6) / 2 ** 48;
  return {
    uniform,
    pick: (label, items) => {
      const item = items[Math.floor(uniform(label) * items.length)];
      if (item === undefined) throw new RangeError(`nothing to pick for ${label}`);
      return item;
    },
  };
}

/** Standard normal by Box and Muller from two uniform draws. */
export function normal(draws: Draws, label: string): number {
  const radius = Math.sqrt(-2 * Math.log(1 - draws.uniform(`${label}/radius`)));
  return radius * Math.cos(2 * Math.PI * draws.uniform(`${label}/angle`));
}
