/** Score tables with known truth: programs of slightly different skill on queries of different difficulty, drawn by seed. */
import { emptyTable, type ScoreTable } from '../../activities/dataset/choosing/score-table.ts';
import { seededRandom } from '../../activities/benchmarks/stats/seeded-random.ts';

export interface GeneratedOptions {
  readonly queries: number;
  readonly programs: number;
  readonly repeats: number;
  readonly seed: number;
  /** Standard deviation of the programs' skills, in points of 100; default 2. */
  readonly spreadPoints?: number;
  /** Mean chance of a right answer; default 0.7. */
  readonly mean?: number;
  /** Groups whose skills differ from one another; default 1, by query index modulo. */
  readonly groups?: number;
}

export interface Generated {
  readonly table: ScoreTable;
  /** Expected score of each program over all queries. */
  readonly truth: Float64Array;
  readonly ids: readonly string[];
}

export function generateScores(options: GeneratedOptions): Generated {
  const { queries, programs, repeats, seed, spreadPoints = 2, mean = 0.7, groups = 1 } = options;
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const skill = Float64Array.from(
    { length: groups * programs },
    () => mean + (spreadPoints / 100) * normal(),
  );
  const table = emptyTable(queries, programs, repeats);
  const truth = new Float64Array(programs);
  for (let query = 0; query < queries; query++) {
    const ease = 0.8 * random() - 0.4;
    for (let program = 0; program < programs; program++) {
      const own = skill[(query % groups) * programs + program] as number;
      const chance = Math.min(1, Math.max(0, own + ease));
      const cell = query * programs + program;
      truth[program] = (truth[program] as number) + chance / queries;
      for (let repeat = 0; repeat < repeats; repeat++)
        table.scores[cell * repeats + repeat] = random() < chance ? 1 : 0;
      table.executed[cell] = repeats;
      table.llmCalls[cell] = repeats * (1 + (program % 9));
      table.tokens[cell] = repeats * 500 * (1 + (program % 9));
    }
  }
  return {
    table,
    truth,
    ids: Array.from({ length: programs }, (_, index) => `program-${String(index).padStart(2, '0')}`),
  };
}
