/** All attempts of a run: the registry's, with what the run itself knows of them where Temporal still remembers it. */
import type { Database } from '../../../activities/storage/tables.ts';
import { failureClasses } from '../../../workflows/training/outcome.ts';
import type { AttemptRecord } from '../../../workflows/training/view.ts';

export async function readAttempts(
  database: Database,
  run: string,
  known: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const rows = await database
    .selectFrom('training_attempts')
    .select(['epoch', 'host', 'resume_step', 'outcome', 'started_at', 'ended_at'])
    .where('run', '=', run)
    .orderBy('epoch')
    .execute();
  return rows.map(({ epoch, host, resume_step, outcome, started_at, ended_at }) => {
    const fromStep = resume_step ?? 0;
    const recorded = {
      ...{ epoch, host, fromStep, toStep: fromStep, startedMs: started_at.getTime(), steppingMs: null },
      ...{ endedMs: ended_at?.getTime() ?? null, cause: null },
      class: failureClasses.find((each) => each === outcome) ?? null,
    };
    return known.find((attempt) => attempt.epoch === epoch) ?? recorded;
  });
}
