/** Which verified checkpoints stay (recipe `keep`), and what lies about that no attempt will ever complete. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../../failure.ts';
import { attemptLayout } from '../layout.ts';
import type { Keep } from '../recipe.ts';
import { absent } from './confine.ts';
import { checkpointRows, type CheckpointRow, type CheckpointScope, verifiedRows } from './rows.ts';
import { discard, quarantineDirectory, setAside, settle } from './settle.ts';

type Weighed = Pick<CheckpointRow, 'step' | 'epoch' | 'metrics'>;

/** Those to delete. `verified` is newest first; the newest one always stays. Pure. */
export function outlived<T extends Weighed>(verified: readonly T[], keep: Keep): T[] {
  const { every } = keep;
  const best = bestOf(verified, keep.best);
  const steps = new Set<number>();
  return verified.filter((row) => {
    // Of a step that two attempts saved, the later one stands for it.
    if (steps.has(row.step)) return true;
    steps.add(row.step);
    if (steps.size <= keep.last || row === best) return false;
    return every === undefined || row.step % every !== 0;
  });
}

function bestOf<T extends Weighed>(rows: readonly T[], wanted: Keep['best']): T | undefined {
  if (!wanted) return undefined;
  const sign = wanted.mode === 'min' ? 1 : -1;
  const value = (row: T): number => sign * (row.metrics[wanted.metric] ?? Infinity * sign);
  return rows
    .filter((row, index) => rows.findIndex(({ step }) => step === row.step) === index)
    .filter((row) => Number.isFinite(value(row)))
    .reduce<T | undefined>((best, row) => (best && value(best) <= value(row) ? best : row), undefined);
}

/**
 * Deletes what retention gives up, once newer ones are verified: never the only verified one. `living` is the attempt
 * whose trainer may be writing; of the others, directories older than the newest verified step that are no checkpoints go too.
 */
export async function prune(scope: CheckpointScope, keep: Keep, living?: number): Promise<void> {
  const verified = await verifiedRows(scope);
  for (const row of outlived(verified, keep)) await discard(scope, row);
  await settle(scope, living);
  await removeQuarantined(scope, keep.quarantined);
  const newest = verified[0];
  if (newest) await removeTorn(scope, newest.step, living);
}

/** For want of room, between two attempts: also every damaged one, and torn saves though no whole one is newer. */
export async function pruneAll(scope: CheckpointScope, keep: Keep): Promise<void> {
  await prune(scope, keep);
  await removeQuarantined(scope, 0);
  // What was whole is registered by now (`chooseCheckpoint`): nothing will ever complete the rest.
  await removeTorn(scope, Infinity);
}

/** Deletes all but the newest `keep` damaged directories in quarantine; their rows and reasons stay. */
export async function removeQuarantined(scope: CheckpointScope, keep: number): Promise<void> {
  const rows = await checkpointRows(scope, 'quarantined');
  const moved = rows.filter(
    (row) => row.directory === quarantineDirectory(scope, row) && row.reason !== setAside,
  );
  for (const { directory } of moved.slice(keep)) await remove(directory);
}

const checkpointName = /^checkpoint-(\d{1,15})$/;

/** Only HF's names are known to be checkpoints: what a trainer calls otherwise stays. */
async function removeTorn(scope: CheckpointScope, newestStep: number, living?: number): Promise<void> {
  const attempts = await scope.database
    .selectFrom('training_attempts')
    .select('epoch')
    .where('run', '=', scope.run)
    .where('state', '=', 'ended')
    .execute();
  const known = new Set((await checkpointRows(scope)).map(({ directory }) => directory));
  for (const { epoch } of attempts) {
    if (epoch === living) continue;
    const { output } = attemptLayout(scope.root, scope.run, epoch);
    const entries = (await readdir(output, { withFileTypes: true }).catch(absent)) ?? [];
    for (const entry of entries) {
      const step = Number(checkpointName.exec(entry.name)?.[1] ?? Number.NaN);
      const directory = join(output, entry.name);
      if (!(entry.isDirectory() && step < newestStep) || known.has(directory)) continue;
      await remove(directory);
    }
  }
}

async function remove(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `a checkpoint that is no longer needed cannot be deleted (${code}): ${directory}`;
    throw failure('Storage.Unavailable', message, { cause: error });
  }
}
