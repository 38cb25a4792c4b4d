/** The stage of buildDataset that refines the selection: stretches of it as activities, two at once, in order. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { priorities, priorityOf, queuesOf } from '../shared/queues.ts';
import type { Progress } from '../shared/progress.ts';
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
}

const refineBatch = 50;
const refineWindow = 2;

/** `spent`: what the run has used before, for the progress it publishes. */
export async function refineSelection(
  { run, input }: ResolvedRun<DatasetInput>,
  plan: DatasetPlan,
  selection: Pick<Selection, 'selection' | 'queries'>,
  spent: Usage,
  publish: (update: Partial<Progress>) => void,
): Promise<Refined> {
  let refinement: RefinementSums = { tried: 0, accepted: 0, kept: 0 };
  let dropped = 0;
  let usage = noUsage;
  publish({ stage: 'refinement', done: 0, failed: 0, total: selection.queries });
  const batches = Array.from({ length: Math.ceil(selection.queries / refineBatch) }, (_, index) => {
    const from = index * refineBatch;
    return { from, to: Math.min(from + refineBatch, selection.queries) };
  });
  const finals = await inOrder(batches, refineWindow, async ({ from, to }) => {
    const { refiner, switches, refinement: settings } = input;
    const batch = {
      ...{ run, refiner, switches, refinement: settings, from, to },
      plan: plan.plan,
      selection: selection.selection,
    };
    const result = await refine(batch);
    refinement = addRefinement(refinement, result);
    dropped += result.dropped;
    usage = addUsage(usage, result.usage);
    publish({
      done: refinement.accepted + refinement.kept + dropped,
      failed: dropped,
      usage: addUsage(spent, usage),
    });
    return result.finals;
  });
  return { finals, refinement, dropped, usage };
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
