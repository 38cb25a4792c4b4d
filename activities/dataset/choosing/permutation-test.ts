/**
 * Do the groups choose better than chance? The statistic is the sum over groups of their best program's score; random groups
 * of the same sizes give its distribution without any meaning in the groups. p by the +1 rule (Phipson and Smyth 2010).
 */
import { setImmediate as letOthersIn } from 'node:timers/promises';
import { seededRandom } from '../../benchmarks/stats/seeded-random.ts';
import { observedOf } from './score-table.ts';

export interface PermutationTest {
  /** Mean score per query when each group has its best program. */
  readonly grouped: number;
  /** The same for random groups of the same sizes: mean over the permutations. */
  readonly random: number;
  /** The same for one group of all. */
  readonly single: number;
  readonly p: number;
  readonly permutations: number;
}

export interface PermutationOptions {
  /** [query][program] */
  readonly means: Float64Array;
  readonly programs: number;
  /** The queries of each group. */
  readonly groups: readonly (readonly number[])[];
  readonly seed: number;
  /** Default 999. */
  readonly permutations?: number;
}

/** Null with fewer than two groups: there is nothing to test. */
export async function permutationTest(options: PermutationOptions): Promise<PermutationTest | null> {
  const { means, programs, seed, permutations = 999 } = options;
  const groups = options.groups
    .map((group) => observedOf(means, programs, group))
    .filter(({ length }) => length > 0);
  if (groups.length < 2) return null;
  const members = Int32Array.from(groups.flat());
  const sizes = groups.map(({ length }) => length);
  const sums = new Float64Array(programs);
  const statistic = (): number => sumOfBest(means, programs, members, sizes, sums);
  const single = sumOfBest(means, programs, members, [members.length], sums);
  const grouped = statistic();
  const random = seededRandom(seed ^ 0x51ed270b);
  let reached = 0;
  let total = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    if (permutation % 8 === 0) await letOthersIn();
    shuffle(members, random);
    const drawn = statistic();
    total += drawn;
    // Sums in another order differ in their last digits.
    if (drawn >= grouped - 1e-9) reached += 1;
  }
  const each = (sum: number): number => sum / members.length;
  return {
    ...{ grouped: each(grouped), random: each(total / permutations), single: each(single) },
    ...{ p: (1 + reached) / (1 + permutations), permutations },
  };
}

function sumOfBest(
  means: Float64Array,
  programs: number,
  members: Int32Array,
  sizes: readonly number[],
  sums: Float64Array,
): number {
  let total = 0;
  let at = 0;
  for (const size of sizes) {
    sums.fill(0);
    for (const end = at + size; at < end; at++) {
      const from = (members[at] as number) * programs;
      for (let program = 0; program < programs; program++) {
        const mean = means[from + program] as number;
        if (mean > 0) sums[program] = (sums[program] as number) + mean;
      }
    }
    let best = 0;
    for (const sum of sums) if (sum > best) best = sum;
    total += best;
  }
  return total;
}

function shuffle(items: Int32Array, random: () => number): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = items[last] as number;
    items[last] = items[other] as number;
    items[other] = held;
  }
}
