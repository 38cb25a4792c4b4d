/**
 * The stage of buildDataset that takes the place of the full matrix (`selection.race`): round by round it executes the next part
 * of every group's queries on the programs that go on. A round is one matrix over a sparse plan.
 */
import { type MatrixCarried, type MatrixResult, progressOf, runMatrix } from '../matrix/run-matrix.ts';
import type { Steering } from '../matrix/steering.ts';
import { addCounts, type Counts } from '../shared/counts.ts';
import type { Progress } from '../shared/progress.ts';
import { priorities } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { addUsage, noUsage, type Usage } from '../shared/usage.ts';
import type { DatasetActivities, DatasetInput, DatasetPlan } from './contract.ts';
import type { RacePlan } from './selection-contract.ts';

/** Beside the state of the matrix that runs. */
export interface RaceCarried {
  readonly planned: RacePlan;
  readonly sums: RaceSums;
}

/** Over the rounds that have ended. */
interface RaceSums {
  readonly done: number;
  readonly found: number;
  readonly failed: number;
  readonly failureKinds: Counts;
  /** What was newly spent. */
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface RaceOptions {
  readonly resolved: ResolvedRun<DatasetInput>;
  /** Of the full matrix. */
  readonly plan: DatasetPlan;
  /** Blob of `groupsSchema`; absent when the metadata group. */
  readonly groups: string | undefined;
  readonly carried: RaceCarried | undefined;
  readonly matrix: MatrixCarried | undefined;
  readonly steering: Steering;
  /** What the run has used before, for the progress it publishes. */
  readonly before: Usage;
  readonly planRace: DatasetActivities['planRace'];
  readonly publish: (update: Partial<Progress>) => void;
  readonly continueAsNew: (race: RaceCarried, matrix: MatrixCarried) => Promise<never>;
}

export interface Raced {
  /** Of the cells that the race asked for. */
  readonly plan: DatasetPlan;
  /** As of one matrix. */
  readonly matrix: Pick<MatrixResult, 'usage' | 'simulated' | 'spent' | 'unfinished'>;
}

export async function runRace(options: RaceOptions): Promise<Raced> {
  const { resolved, plan, groups, carried, steering, planRace } = options;
  const { input } = resolved;
  const given = { plan: plan.plan, ...(groups === undefined ? {} : { groups }) };
  let { matrix } = options;
  let planned = carried?.planned ?? (await planRace(input, given));
  let sums: RaceSums = carried?.sums ?? nothing;
  let last: MatrixResult | undefined;
  while (planned.round !== null) {
    last = await runRound(options, { planned, sums }, planned.round, matrix);
    matrix = undefined;
    sums = added(sums, last);
    if (last.spent !== undefined) break;
    // A pause counts between two rounds, too.
    steering.reopen();
    planned = await planRace(input, { ...given, raced: planned.raced });
  }
  await steering.close();
  const { raced, cells } = planned;
  return {
    plan: { ...plan, plan: raced, cells, raced: { of: plan.cells } },
    matrix: {
      ...{ usage: sums.usage, simulated: sums.simulated, unfinished: last?.unfinished ?? 0 },
      ...(last?.spent === undefined ? {} : { spent: last.spent }),
    },
  };
}

const nothing: RaceSums = {
  ...{ done: 0, found: 0, failed: 0, failureKinds: {} },
  ...{ usage: noUsage, simulated: false },
};

function runRound(
  options: RaceOptions,
  race: RaceCarried,
  { plan, cells }: NonNullable<RacePlan['round']>,
  matrix: MatrixCarried | undefined,
): Promise<MatrixResult> {
  const { resolved, steering, publish } = options;
  const { planned, sums } = race;
  const { run, rules } = resolved;
  return runMatrix({
    ...{ plan, cells, run, rules, steering, carried: matrix },
    ...{ priority: priorities.dataset, label: `race-${planned.look}` },
    onProgress: (progress) => {
      const now = progressOf(progress);
      publish({
        ...{ ...now, stage: 'score matrix', total: planned.mostCells },
        ...{ done: sums.done + now.done, found: sums.found + now.found, failed: sums.failed + now.failed },
        failureKinds: addCounts(sums.failureKinds, now.failureKinds),
        usage: addUsage(addUsage(options.before, sums.usage), now.usage),
      });
    },
    continueAsNew: (state) => options.continueAsNew(race, state),
  });
}

function added(sums: RaceSums, result: MatrixResult): RaceSums {
  const { answered, failed, infraFailed, found = 0, failureKinds } = result;
  return {
    done: sums.done + answered + failed,
    found: sums.found + found,
    failed: sums.failed + failed + infraFailed,
    failureKinds: addCounts(sums.failureKinds, failureKinds),
    usage: addUsage(sums.usage, result.usage),
    simulated: sums.simulated || result.simulated,
  };
}
