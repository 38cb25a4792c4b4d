/** Which part of a stack is killed when, by seed: all parts equally often, at moments that do not depend on the machine. */
import { createRandom } from '../../../activities/dataset/random.ts';

export const stackParts = ['worker', 'simulator', 'postgres', 'temporal'] as const;
export type StackPart = (typeof stackParts)[number];

export interface PlannedKill {
  readonly part: StackPart;
  /** Once this share of the calls of the whole run is answered, 0 to 1. */
  readonly share: number;
}

/** In the order of their moments. */
export function planKills(options: { readonly kills: number; readonly seed: number }): PlannedKill[] {
  const random = createRandom(`kills/${options.seed}`);
  const turns = Array.from({ length: options.kills }, (_, turn) => stackParts[turn % stackParts.length]);
  const shares = turns.map(() => 0.02 + 0.96 * random.next()).toSorted((a, b) => a - b);
  return random
    .shuffle(turns)
    .map((part, index) => ({ part: part as StackPart, share: shares[index] as number }));
}
