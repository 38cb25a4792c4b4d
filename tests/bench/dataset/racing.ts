/** The race on full matrices: executions saved, and how often its choice is within 1 point of the full matrix's. */
import { type RankedProgram, rankPrograms } from '../../../activities/dataset/choosing/rank-programs.ts';
import { nextBlocks, standingsOf } from '../../../activities/dataset/choosing/race-looks.ts';
import { meansOf, type ScoreTable } from '../../../activities/dataset/choosing/score-table.ts';
import { createRandom } from '../../../activities/dataset/random.ts';
import { type Race, raceSchema } from '../../../workflows/dataset/selection-contract.ts';
import { type Block, pairCount } from '../../../workflows/matrix/blocks.ts';
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

/** One group per race, of scores generated for it. */
export function raceOn(world: RaceWorld, settings: Partial<Race> = {}): RaceFigures {
  const members = Array.from({ length: world.queries }, (_, query) => query);
  return figuresOf(
    Array.from({ length: world.races }, (_, seed) => {
      const { table, ids } = generateScores({ ...world, seed });
      return raceOver({ table, ids, groups: new Map([['all', members]]) }, seed, settings);
    }),
  );
}

export interface FullMatrix {
  readonly table: ScoreTable;
  /** Of the programs. */
  readonly ids: readonly string[];
  readonly groups: ReadonlyMap<string, readonly number[]>;
}

/** Every group of a full matrix raced in many orders of its queries. */
export function raceRepeatedly(matrix: FullMatrix, orders: number): RaceFigures {
  return figuresOf(Array.from({ length: orders }, (_, seed) => raceOver(matrix, seed)));
}

interface Tally {
  readonly asked: number;
  readonly all: number;
  readonly within: number;
  readonly races: number;
}

function figuresOf(tallies: readonly Tally[]): RaceFigures {
  const sum = (of: keyof Tally): number => tallies.reduce((total, tally) => total + tally[of], 0);
  return { saved: 1 - sum('asked') / sum('all'), within: sum('within') / sum('races') };
}

function raceOver({ table, ids, groups }: FullMatrix, seed: number, given: Partial<Race> = {}): Tally {
  const means = meansOf(table);
  const { programs } = table;
  const settings = raceSchema.parse(given);
  const orders = new Map(
    [...groups].map(([group, members]) => [
      group,
      createRandom(`race/${seed}/${group}`).shuffle([...members]),
    ]),
  );
  const blocks: Block[] = [];
  for (;;) {
    const next = nextBlocks({ means, programs, orders, blocks, settings });
    if (next.length === 0) break;
    blocks.push(...next);
  }
  const standings = standingsOf(blocks, groups);
  const within = [...groups].filter(([group, members]) => {
    const of = (among?: readonly number[]): RankedProgram | undefined =>
      rankPrograms({ table, means, members, ids, among })[0];
    return (of()?.mean ?? 0) - (of(standings.get(group)?.racing)?.mean ?? 0) <= 0.01 + 1e-9;
  });
  const queries = [...groups.values()].reduce((sum, { length }) => sum + length, 0);
  return { asked: pairCount(blocks), all: queries * programs, within: within.length, races: groups.size };
}
