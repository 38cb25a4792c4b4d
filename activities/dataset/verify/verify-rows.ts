/** The activity that executes a stretch of the sampled rows on fresh draws. What it did before a crash is on record and free. */
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { VerifyActivities } from '../../../workflows/dataset/verify-contract.ts';
import { addUsage, noUsage, type Usage } from '../../../workflows/shared/usage.ts';
import type { Grading } from '../../benchmarks/grading.ts';
import { heartbeating } from '../../heartbeating.ts';
import { forEachAtOnce } from '../../mas/for-each-at-once.ts';
import { createPlanReader } from '../../mas/plan-reader.ts';
import type { ProgramRunner } from '../../mas/run-program.ts';
import type { Blobs } from '../../storage/blobs.ts';
import { isSolved, readLines, writeLines } from '../selection.ts';
import { sampledRowSchema } from './sample-rows.ts';

export const rowOutcomeSchema = z.object({
  query: z.string(),
  group: z.string(),
  adapted: z.boolean(),
  solved: z.boolean(),
  score: z.number(),
  /** A kind of program failure, or `wrong`; null for a solved row. */
  failure: z.string().nullable(),
});
export type RowOutcome = z.infer<typeof rowOutcomeSchema>;

export interface VerifyRowsParts {
  readonly blobs: Blobs;
  readonly grading: Grading;
  readonly runner: ProgramRunner;
  readonly executionsAtOnce: number;
}

export function createVerifyRows(parts: VerifyRowsParts): VerifyActivities['verifyRows'] {
  const { blobs, grading, runner, executionsAtOnce } = parts;
  return async (batch) => {
    const { info, cancellationSignal } = Context.current();
    const plan = await createPlanReader(blobs).plan(batch.plan);
    const rows = (await readLines(blobs, batch.sample, sampledRowSchema)).slice(batch.from, batch.to);
    const outcomes: RowOutcome[] = [];
    let usage: Usage = noUsage;
    const work = forEachAtOnce(
      [...rows.entries()],
      executionsAtOnce,
      cancellationSignal,
      async (entry, signal) => {
        const [index, { query, program, group, adapted }] = entry;
        const execution = await runner.run(
          {
            ...{ tenant: plan.tenant, namespace: info.namespace, run: batch.run, query, repeat: 0 },
            ...{ runSeed: batch.seed, limits: plan.limits, commonRandomNumbers: plan.commonRandomNumbers },
            program: { ...program, source: await blobs.getText(program.sha256) },
            driver: plan.drivers[0] as string,
            callClass: 'dataset',
          },
          signal,
        );
        if (!execution.stored) usage = addUsage(usage, execution.usage);
        const answered = execution.status === 'answered';
        const { score } = answered ? await grading.grade(query, execution.answer, signal) : { score: 0 };
        const solved = isSolved(score);
        const failure = solved ? null : (execution.failure?.kind ?? 'wrong');
        outcomes[index] = { query: query.id, group, adapted, solved, score, failure };
      },
    );
    await heartbeating(
      () => work,
      () => ({ done: outcomes.filter(Boolean).length }),
    );
    const solved = outcomes.filter((outcome) => outcome.solved).length;
    return { outcomes: await writeLines(blobs, outcomes), solved, usage };
  };
}
