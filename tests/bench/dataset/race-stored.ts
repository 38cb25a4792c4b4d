/** The race over the full matrix of a run that the bench executed: real programs on simulated models, many orders of the queries. */
import { graderOf } from '../../../activities/benchmarks/graders/create-grading.ts';
import { groupQueries } from '../../../activities/dataset/group-by.ts';
import { programsOf, readScoreTable } from '../../../activities/dataset/read-score-table.ts';
import { readLines } from '../../../activities/dataset/selection.ts';
import { planSchema } from '../../../workflows/matrix/contract.ts';
import { querySchema } from '../../../workflows/shared/query.ts';
import type { DatasetBench } from './bench-client.ts';
import { type RaceFigures, raceRepeatedly } from './racing.ts';

const orders = 100;

/** `run`: a dataset that was built with the full matrix. */
export async function raceOnStored(
  { database, blobs, note }: Pick<DatasetBench, 'database' | 'blobs' | 'note'>,
  run: string,
): Promise<RaceFigures> {
  const { plan: sha256 } = await database
    .selectFrom('run_plans')
    .select('plan')
    .where('run', '=', run)
    .executeTakeFirstOrThrow();
  const plan = planSchema.parse(JSON.parse(await blobs.getText(sha256)));
  const queries = await readLines(blobs, plan.queries, querySchema);
  const table = await readScoreTable(
    {
      database,
      calls: {
        identity: (model) =>
          Promise.resolve({ model, revision: plan.revisions[model] ?? '', simulated: true }),
      },
      grading: { graderOf },
    },
    { plan, queries, leaders: [], signal: new AbortController().signal },
  );
  const groups = groupQueries(queries, 'subject', undefined);
  const ids = programsOf(plan).map(({ id }) => id);
  const figures = raceRepeatedly({ table, ids, groups }, orders);
  note(
    `races over ${run}, ${groups.size} groups of ${Math.round(queries.length / groups.size)}: ` +
      `${(100 * figures.saved).toFixed(1)} % saved, ${(100 * figures.within).toFixed(1)} % within 1 point`,
  );
  return figures;
}
