/** The row by which a paused or tuned run tells its batches in flight how to go on. Looked at every second. */
import { sql } from 'kysely';
import type { MatrixActivities } from '../../workflows/matrix/contract.ts';
import type { Database } from '../storage/tables.ts';

export interface SteeringState {
  /** No further execution may begin. */
  readonly held: boolean;
  readonly executionsAtOnce: number | undefined;
}

export interface SteeringWatch extends Disposable {
  /** As of the last look. */
  now(): SteeringState;
  onChange(listener: () => void): void;
}

const everyMs = 1_000;
const free: SteeringState = { held: false, executionsAtOnce: undefined };

/** `key` undefined: a batch of an older release, which nobody steers. */
export async function watchSteering(database: Database, key: string | undefined): Promise<SteeringWatch> {
  const listeners: (() => void)[] = [];
  let state = await read(database, key);
  let reading = false;
  const look = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      const next = await read(database, key);
      const same = next.held === state.held && next.executionsAtOnce === state.executionsAtOnce;
      state = next;
      if (!same) for (const listener of listeners) listener();
    } catch {
      // The store is away: what the batch itself does meets that too.
    } finally {
      reading = false;
    }
  };
  const timer = key === undefined ? undefined : setInterval(() => void look(), everyMs);
  return {
    now: () => state,
    onChange: (listener) => void listeners.push(listener),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

export function createSteerRun({ database }: { readonly database: Database }): MatrixActivities['steerRun'] {
  return async ({ steering: key, version, held, executionsAtOnce }) => {
    const values = { version, held, executions_at_once: executionsAtOnce ?? null };
    await database
      .insertInto('matrix_steering')
      .values({ key, ...values })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({ ...values, updated_at: sql<Date>`now()` })
          .where('matrix_steering.version', '<', version),
      )
      .execute();
  };
}

async function read(database: Database, key: string | undefined): Promise<SteeringState> {
  if (key === undefined) return free;
  const row = await database
    .selectFrom('matrix_steering')
    .select(['held', 'executions_at_once'])
    .where('key', '=', key)
    .executeTakeFirst();
  if (!row) return free;
  return { held: row.held, executionsAtOnce: row.executions_at_once ?? undefined };
}
