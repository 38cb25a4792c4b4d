/** Ends of attempts that nobody watches: retired by their own host, or written off by an operator. */
import { toJson } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import { failure } from '../failure.ts';
import { attemptLayout } from './layout.ts';
import type { TrainingPorts } from './ports.ts';
import { recordStopping } from './watching/stopping.ts';

interface AttemptKey {
  /** training/NAME. */
  readonly run: string;
  readonly epoch: number;
}

/** Seconds that what is left of it gets to end by itself. */
const graceS = 10;

/** Idempotent. Throws `Training.HostUnknown` on another host, or when something still lives. */
export async function retireAttempt(ports: TrainingPorts, { run, epoch }: AttemptKey): Promise<void> {
  const row = await ports.database
    .selectFrom('training_attempts')
    .select(['host', 'state'])
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  if (!row || row.state === 'ended') return;
  if (row.host !== ports.host)
    throw failure('Training.HostUnknown', `attempt ${epoch} of ${run} is on host ${row.host}`);
  const layout = attemptLayout(ports.root, run, epoch);
  await recordStopping(layout, { by: 'fence' });
  await ports.launcher.stop(layout, run, epoch, graceS);
  await end(ports.database, { run, epoch }, 'superseded', 'a newer attempt was about to start');
}

export async function declareLost(database: Database, attempt: AttemptKey): Promise<void> {
  await end(database, attempt, 'nodeLost', 'declared lost by an operator');
}

async function end(
  database: Database,
  { run, epoch }: AttemptKey,
  outcome: string,
  text: string,
): Promise<void> {
  await database
    .updateTable('training_attempts')
    .set({ state: 'ended', outcome, evidence: toJson({ text }), ended_at: new Date() })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .where('state', '!=', 'ended')
    .execute();
}
