/** What `bench matrix` measures, on the plan of a dataset: the bulk activity alone, all batches at once, with draws of its own. */
import type { BatchInput, Plan } from '../../../workflows/matrix/contract.ts';
import { cellCount, planSchema } from '../../../workflows/matrix/contract.ts';
import { priorities, queuesOf } from '../../../workflows/shared/queues.ts';
import type { runBatches } from '../workflows.ts';
import type { DatasetBench } from './bench-client.ts';

const batchSize = 500;

/** Executions per second. `run`: a dataset that was built; `seed`: one that nothing was drawn with yet. */
export async function bareRate(
  { database, blobs, temporal, bareQueue, note }: DatasetBench,
  run: string,
  seed: number,
): Promise<number> {
  const { plan: sha256 } = await database
    .selectFrom('run_plans')
    .select('plan')
    .where('run', '=', run)
    .executeTakeFirstOrThrow();
  const plan: Plan = { ...planSchema.parse(JSON.parse(await blobs.getText(sha256))), seed };
  const fresh = await blobs.put(JSON.stringify(plan));
  const cells = cellCount(plan);
  const size = Math.min(batchSize, Math.ceil(cells / 2));
  const batches: BatchInput[] = [];
  for (let from = 0; from < cells; from += size)
    batches.push({
      ...{ plan: fresh, from, to: Math.min(cells, from + size) },
      ...{ run: `evaluation/bare-${seed}`, priority: priorities.evaluation },
    });
  const began = performance.now();
  await temporal.workflow.execute<typeof runBatches>('runBatches', {
    taskQueue: bareQueue,
    workflowId: `bench/bare-${seed}`,
    args: [batches, queuesOf('masgpt').cpu],
  });
  const perSecond = cells / ((performance.now() - began) / 1_000);
  note(`bare, seed ${seed}: ${perSecond.toFixed(1)} executions per second`);
  return perSecond;
}
