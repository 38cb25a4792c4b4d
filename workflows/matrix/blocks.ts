/** The cells of a sparse plan: blocks of queries x systems, one after another. No pair of query and system stands in two. */
import { z } from 'zod';

export const blockSchema = z.object({
  /** Positions in the plan. */
  queries: z.array(z.number().int().nonnegative()).min(1),
  systems: z.array(z.number().int().nonnegative()).min(1),
});
export type Block = z.infer<typeof blockSchema>;

export interface Pair {
  /** Positions in the plan. */
  readonly query: number;
  readonly system: number;
}

export function pairCount(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { queries, systems }) => sum + queries.length * systems.length, 0);
}

/** Ordered by block, query, system. Throws `RangeError` beyond `pairCount`. */
export function pairAt(blocks: readonly Block[], index: number): Pair {
  const starts = startsOf(blocks);
  let [low, high] = [0, blocks.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] as number) <= index) low = middle;
    else high = middle - 1;
  }
  const { queries, systems } = blocks[low] ?? { queries: [], systems: [] };
  const within = index - (starts[low] ?? 0);
  const query = queries[Math.floor(within / systems.length)];
  const system = systems[within % systems.length];
  if (query === undefined || system === undefined) throw new RangeError(`there is no pair ${index}`);
  return { query, system };
}

/** A plan's blocks never change: pairs before each are counted once. */
const known = new WeakMap<readonly Block[], readonly number[]>();

function startsOf(blocks: readonly Block[]): readonly number[] {
  const found = known.get(blocks);
  if (found) return found;
  let next = 0;
  const starts = blocks.map(({ queries, systems }) => {
    const start = next;
    next += queries.length * systems.length;
    return start;
  });
  known.set(blocks, starts);
  return starts;
}
