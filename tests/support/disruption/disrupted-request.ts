/** A dataset of every stage: pool programs of few calls on generated queries, repeats, more of them for leaders, refinement. */
import { readPool } from '../../../activities/mas/pool.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';

const repeats = 2;
/** Programs that make hundreds of calls say no more about a crash than those that make four. */
const maxCalls = 4;

/** About so many cells in its score matrix. */
export async function disruptedRequest(options: {
  readonly cells: number;
  readonly programs: number;
}): Promise<DatasetRequest> {
  const pool = (await readPool()).list().filter(({ calls }) => calls.max <= maxCalls);
  const every = Math.max(1, Math.floor(pool.length / options.programs));
  const programs = pool.filter((_, index) => index % every === 0).slice(0, options.programs);
  const limit = Math.max(4, Math.round(options.cells / (programs.length * repeats)));
  return {
    queries: [{ source: 'generated-train', limit }],
    programs: programs.map(({ id }) => id),
    ...{ repeats, seed: 11 },
    selection: { crossFit: 'repeats', leaders: { count: 2, extraRepeats: 1 }, permutations: 99 },
  };
}
