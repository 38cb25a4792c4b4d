/**
 * The stage of buildDataset that gives leading programs more repeats: each round is planned by what the scores say so far,
 * and its plans run one after another as matrices, in which only the further repeats are missing.
 */
import { type MatrixCarried, progressOf, runMatrix } from '../matrix/run-matrix.ts';
import { type Steering } from '../matrix/steering.ts';
import { nothingDone, type Progress } from '../shared/progress.ts';
import { priorities } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { addUsage, noUsage, type Usage } from '../shared/usage.ts';
import type { DatasetActivities, DatasetInput } from './contract.ts';
import type { FurtherScores, LeadersPlan } from './selection-contract.ts';

/** Beside the state of the matrix that runs. */
export interface LeadersCarried {
  readonly round: number;
  /** Of the round's plans, the one that runs. */
  readonly index: number;
  readonly planned: LeadersPlan;
  readonly sums: LeadersSums;
  /** What the score matrix itself spent. */
  readonly matrix: { readonly usage: Usage; readonly simulated: boolean };
}

export interface LeadersSums {
  readonly more: FurtherScores;
  /** Further executions that are there now. */
  readonly cells?: number;
  /** What was newly spent. */
  readonly usage: Usage;
  readonly simulated: boolean;
  /** Why the further repeats are not all there. */
  readonly spent?: string;
}

export interface LeadersOptions {
  readonly resolved: ResolvedRun<DatasetInput>;
  /** Blob of the score matrix's plan. */
  readonly plan: string;
  readonly more: FurtherScores;
  readonly carried: LeadersCarried | undefined;
  readonly matrix: MatrixCarried | undefined;
  /** Of the score matrix; its updates are taken over. */
  readonly steering: Steering;
  readonly spent: LeadersCarried['matrix'];
  readonly planLeaders: DatasetActivities['planLeaders'];
  readonly publish: (update: Partial<Progress>) => void;
  readonly continueAsNew: (leaders: LeadersCarried, matrix: MatrixCarried) => Promise<never>;
}

export async function runLeaders(options: LeadersOptions): Promise<LeadersSums> {
  const { resolved, plan, planLeaders, carried } = options;
  const { input } = resolved;
  const rounds = input.selection?.leaders?.rounds ?? 0;
  let sums: LeadersSums = carried?.sums ?? { more: options.more, usage: noUsage, simulated: false };
  const { steering } = options;
  let { matrix } = options;
  for (let round = carried?.round ?? 0; round < rounds; round++) {
    const here = carried?.round === round ? carried : undefined;
    const planned = here?.planned ?? (await planLeaders(input, { plan, round, more: sums.more }));
    if (planned.cells === null) break;
    for (let index = here?.index ?? 0; index < planned.plans.length; index++) {
      if (matrix === undefined) steering.reopen();
      const result = await runOne(options, { round, index, planned, sums, steering, matrix });
      matrix = undefined;
      const further = planned.plans[index]?.further ?? 0;
      sums = {
        ...sums,
        cells: (sums.cells ?? 0) + Math.max(0, further - result.unfinished),
        usage: addUsage(sums.usage, result.usage),
        simulated: sums.simulated || result.simulated,
        ...(result.spent === undefined ? {} : { spent: result.spent }),
      };
      if (sums.spent !== undefined) break;
    }
    sums = { ...sums, more: { ...sums.more, leaders: [...(sums.more.leaders ?? []), planned.cells] } };
    if (sums.spent !== undefined) break;
  }
  return sums;
}

interface Place extends Omit<LeadersCarried, 'matrix'> {
  readonly steering: Steering;
  readonly matrix: MatrixCarried | undefined;
}

function runOne(options: LeadersOptions, place: Place): ReturnType<typeof runMatrix> {
  const { resolved, publish } = options;
  const { round, index, planned, sums, steering, matrix } = place;
  const { plan, cells } = planned.plans[index] as LeadersPlan['plans'][number];
  publish({ ...{ stage: 'leading programs', unit: 'cells', total: cells }, ...nothingDone });
  return runMatrix({
    ...{ plan, cells, run: resolved.run, rules: resolved.rules, steering, carried: matrix },
    ...{ priority: priorities.dataset, label: `leaders-${round}-${index}` },
    onProgress: (progress) =>
      publish({
        ...{ stage: 'leading programs', ...progressOf(progress) },
        usage: addUsage(addUsage(options.spent.usage, sums.usage), progress.usage),
      }),
    continueAsNew: (state) =>
      options.continueAsNew({ round, index, planned, sums, matrix: options.spent }, state),
  });
}
