/**
 * The stage of buildDataset that refines the selection: stretches of it as activities, two at once, in order. A stretch that a
 * pause cut short is begun once more: what it did is on record.
 */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { pausedCause, type Steering } from '../matrix/steering.ts';
import { priorities, priorityOf, queuesOf } from '../shared/queues.ts';
import { nothingDone, type Progress } from '../shared/progress.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { addUsage, noUsage, type Usage } from '../shared/usage.ts';
import {
  type DatasetActivities,
  datasetActivityOptions,
  type DatasetInput,
  type DatasetPlan,
  type RefineInput,
  type RefineResult,
  type Selection,
} from './contract.ts';
import { inOrder } from './in-order.ts';
import { addRefinement, type RefinementSums } from './refinement.ts';

export interface Refined {
  /** Blobs of `FinalQuery` lines, in the order of the selection. */
  readonly finals: readonly string[];
  readonly refinement: RefinementSums;
  /** Queries that no final program solves. */
  readonly dropped: number;
  /** What was newly spent. */
  readonly usage: Usage;
  /** Why the finals are not all there (`whenSpent: 'stop'`). */
  readonly spent?: string;
}

export interface RefineStage {
  readonly resolved: ResolvedRun<DatasetInput>;
  readonly plan: DatasetPlan;
  readonly selection: Pick<Selection, 'selection' | 'queries'>;
  /** What the run has used before, for the progress it publishes. */
  readonly spent: Usage;
  readonly publish: (update: Partial<Progress>) => void;
  /** Open; undefined in runs that an earlier release began. */
  readonly steering: Steering | undefined;
}

const refineBatch = 50;
const refineWindow = 2;

export async function refineSelection(stage: RefineStage): Promise<Refined> {
  const { plan, selection, publish, steering } = stage;
  const { run, input } = stage.resolved;
  const { refiner, switches, refinement: settings, whenSpent } = input;
  let refinement: RefinementSums = { tried: 0, accepted: 0, kept: 0 };
  let dropped = 0;
  let usage = noUsage;
  let spent: string | undefined;
  const show = (): void => {
    const paused = steering?.paused() ?? false;
    publish({
      ...(steering ? { state: paused ? 'paused' : 'running', cause: paused ? pausedCause : '' } : {}),
      done: refinement.accepted + refinement.kept + dropped,
      ...{ failed: dropped, failureKinds: { unsolved: dropped } },
      usage: addUsage(stage.spent, usage),
    });
  };
  publish({ ...{ stage: 'refinement', unit: 'queries', total: selection.queries }, ...nothingDone });
  steering?.onChange(show);
  await steering?.tell();
  const batches = Array.from({ length: Math.ceil(selection.queries / refineBatch) }, (_, index) => {
    const from = index * refineBatch;
    return { from, to: Math.min(from + refineBatch, selection.queries) };
  });
  const finals = await inOrder(batches, refineWindow, async ({ from, to }) => {
    const batch = {
      ...{ run, refiner, switches, refinement: settings, from, to },
      ...{ plan: plan.plan, selection: selection.selection },
      ...(steering ? { whenSpent, steering: steering.key } : {}),
    };
    for (;;) {
      await steering?.free();
      if (spent !== undefined) return '';
      const result = await refine(batch);
      usage = addUsage(usage, result.usage);
      spent ??= result.spent;
      if ((result.heldBack ?? 0) > 0 && result.spent === undefined) {
        show();
        continue;
      }
      refinement = addRefinement(refinement, result);
      dropped += result.dropped;
      show();
      return result.finals;
    }
  });
  if (steering) {
    await steering.close();
    publish({ state: 'running', cause: '' });
  }
  return { finals, refinement, dropped, usage, ...(spent === undefined ? {} : { spent }) };
}

function refine(batch: RefineInput): Promise<RefineResult> {
  const { refineQueries } = proxyActivities<DatasetActivities>({
    ...datasetActivityOptions.refineQueries,
    taskQueue: queuesOf(workflowInfo().taskQueue).cpu,
    priority: priorityOf(priorities.dataset, batch.run),
    summary: `queries ${batch.from} to ${batch.to - 1}`,
  });
  return refineQueries(batch);
}
