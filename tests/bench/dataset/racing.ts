/** The race on a full simulated matrix: executions saved, and how often its choice is within 1 point of the full matrix's. */
import { rankPrograms } from '../../../activities/dataset/choosing/rank-programs.ts';
import { type RaceSettings, raceDefaults, survivors } from '../../../activities/dataset/choosing/race.ts';
import { meansOf } from '../../../activities/dataset/choosing/score-table.ts';
import { createRandom } from '../../../activities/dataset/random.ts';
import { generateScores } from '../../support/generated-scores.ts';

export interface RaceFigures {
  /** Share of the full matrix's executions that the race left out. */
  readonly saved: number;
  /** Share of the races whose choice scores within 1 point of the best of the full matrix. */
  readonly within: number;
}

export interface RaceWorld {
  readonly queries: number;
  readonly programs: number;
  readonly repeats: number;
  readonly spreadPoints: number;
  readonly races: number;
}

/** One group per race. */
export function raceOn(world: RaceWorld, settings: RaceSettings = {}): RaceFigures {
  const { queries, programs, races } = world;
  const { looks } = { ...raceDefaults, ...settings };
  let executed = 0;
  let within = 0;
  for (let seed = 0; seed < races; seed++) {
    const { table, ids } = generateScores({ ...world, seed });
    const means = meansOf(table);
    const order = createRandom(`race/${seed}`).shuffle(Array.from({ length: queries }, (_, query) => query));
    const ranked = rankPrograms({ table, means, members: order, ids });
    let racing: readonly number[] = Array.from({ length: programs }, (_, program) => program);
    let at = 0;
    for (let look = 1; look <= looks; look++) {
      const until = Math.round((queries * look) / looks);
      executed += (until - at) * racing.length;
      at = until;
      racing = survivors({ means, programs, seen: order.slice(0, at), all: queries, racing }, settings);
    }
    const chosen = ranked.find(({ program }) => racing.includes(program));
    if ((ranked[0]?.mean ?? 0) - (chosen?.mean ?? 0) <= 0.01 + 1e-9) within += 1;
  }
  return { saved: 1 - executed / (races * queries * programs), within: within / races };
}
