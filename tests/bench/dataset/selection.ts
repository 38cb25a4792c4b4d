/**
 * Selection at the paper's size: 12,222 queries x 48 programs x 3 repeats of generated scores, with cross-fitting and the
 * permutation test; clustering of 12,222 vectors; scores read from PostgreSQL; races against the full matrix.
 */
import { choosePrograms } from '../../../activities/dataset/choose-programs.ts';
import type { Vectors } from '../../../activities/dataset/embedding/embedder.ts';
import { cluster } from '../../../activities/dataset/grouping/cluster.ts';
import { reportSelection } from '../../../activities/dataset/report-selection.ts';
import { seededRandom } from '../../../activities/benchmarks/stats/seeded-random.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { selectionSchema } from '../../../workflows/dataset/selection-contract.ts';
import { planSchema } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { generateScores } from '../../support/generated-scores.ts';
import type { BenchResult } from '../main.ts';
import { raceOn } from './racing.ts';
import { readGenerated } from './read-generated.ts';

const size = { queries: 12_222, programs: 48, repeats: 3 };
const groupCount = 60;
const dimensions = 384;

/** `database`: migrated, for the part that reads from it; absent: that part is left out. */
export async function benchSelection(
  note: (text: string) => void,
  database?: Database,
): Promise<BenchResult> {
  note('selection over generated scores');
  const selection = await select();
  note('clustering of 12,222 vectors');
  const clustering = await clusterAll();
  note('races against the full matrix');
  const race = raceOn({ queries: 200, programs: 48, repeats: 3, spreadPoints: 6, races: 100 });
  const close = raceOn({ queries: 200, programs: 48, repeats: 1, spreadPoints: 2, races: 100 });
  const reading = database ? await readGenerated(database, note) : {};
  return {
    metrics: { ...selection, ...clustering, ...reading },
    ratios: {
      raceSaved: race.saved,
      raceWithin1Point: race.within,
      closeRaceSaved: close.saved,
      closeRaceWithin1Point: close.within,
    },
  };
}

async function select(): Promise<BenchResult['metrics']> {
  const { table, ids } = generateScores({ ...size, seed: 1, groups: groupCount, spreadPoints: 6 });
  const programs = ids.map((id) => ({ id, sha256: '0'.repeat(64) }));
  const groups = new Map<string, number[]>();
  for (let query = 0; query < size.queries; query++) {
    const group = `group-${query % groupCount}`;
    const members = groups.get(group);
    if (members) members.push(query);
    else groups.set(group, [query]);
  }
  const settings = selectionSchema.parse({});
  const plan = planSchema.parse({
    ...{ v: 1, queries: '0'.repeat(64), queryCount: size.queries, repeats: size.repeats, seed: 0 },
    systems: programs.map((program) => ({ kind: 'program', id: program.id, program })),
    ...{ drivers: ['sim-driver'], tenant: 'default', limits: limitsSchema.parse({}) },
  });
  const cpu = process.cpuUsage();
  const began = performance.now();
  const choice = choosePrograms({
    ...{ table, programs, groups, settings, interConsistency: true, seed: 0 },
    queryIds: Array.from({ length: size.queries }, (_, query) => String(query)),
  });
  const input = { groupBy: 'subject', seed: 0 } as const;
  await reportSelection({ input, settings, plan, table, choice, clustered: undefined, dropped: 0 });
  return {
    selectionSeconds: seconds(began),
    selectionCpuSeconds: cpuSeconds(cpu),
    selectionMb: Math.round(process.memoryUsage().rss / 1e6),
  };
}

async function clusterAll(): Promise<BenchResult['metrics']> {
  const vectors = bundles(20);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const { k } = await cluster(vectors, { k: 'auto', seed: 1 });
  return {
    clusteringSeconds: seconds(began),
    clusteringCpuSeconds: cpuSeconds(cpu),
    clustersOf20: k,
  };
}

function bundles(count: number): Vectors {
  const random = seededRandom(3);
  const centred = (): number => 2 * random() - 1;
  const middles = Array.from({ length: count }, () => Array.from({ length: dimensions }, centred));
  const values = new Float32Array(size.queries * dimensions);
  for (let row = 0; row < size.queries; row++) {
    const vector = (middles[row % count] as number[]).map((value) => value + 1.3 * centred());
    const length = Math.hypot(...vector);
    for (const [d, value] of vector.entries()) values[row * dimensions + d] = value / length;
  }
  return { count: size.queries, dimensions, values };
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 10) / 100;
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1e4) / 100;
}
