/**
 * Quarantine, deletion, and the file operations that follow. The row changes first, so that no damaged checkpoint is ever
 * chosen; what is still to be done to its directory stays in `pending` until it is done, and a failure is not swallowed.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure } from '../../failure.ts';
import { runDirectory } from '../layout.ts';
import { absent, placeFault } from './confine.ts';
import {
  type Checkpoint,
  checkpointRows,
  type CheckpointRow,
  type CheckpointScope,
  updateRow,
} from './rows.ts';

type Scope = Pick<CheckpointScope, 'database' | 'root' | 'run'>;

/** Whole ones that an operator went back behind: nobody but a person deletes them. */
export const setAside = 'set aside by the operator';

/** With `from`, only a row that is still in that state. */
export async function quarantine(
  scope: Scope,
  row: Checkpoint,
  reason: string,
  from?: CheckpointRow['state'],
): Promise<void> {
  await updateRow(scope, row, { state: 'quarantined', reason, pending: 'move' }, from);
}

export async function discard(scope: Scope, row: Checkpoint): Promise<void> {
  await updateRow(scope, row, { state: 'pruned', reason: null, pending: 'delete' });
}

/**
 * Moves and deletes what is pending. Throws `Storage.Unavailable` when one fails: a launch waits and tries again. With
 * `living`, what lies in that attempt's output is not moved, as its trainer may still write there.
 */
export async function settle(scope: Scope, living?: number): Promise<void> {
  for (const row of await checkpointRows(scope)) {
    if (row.pending === 'move' && row.epoch !== living) await move(scope, row);
    if (row.pending === 'delete') await remove(scope, row);
  }
}

export function quarantineDirectory({ root, run }: Scope, { step, epoch }: Checkpoint): string {
  return join(runDirectory(root, run), 'quarantine', `${step}.${epoch}`);
}

async function move(scope: Scope, row: CheckpointRow): Promise<void> {
  const target = quarantineDirectory(scope, row);
  try {
    // A directory that lies elsewhere is not ours to move.
    if ((await placeFault({ ...scope, epoch: row.epoch }, row.directory)) === undefined) {
      await mkdir(dirname(target), { recursive: true });
      await rm(target, { recursive: true, force: true });
      await rename(row.directory, target).catch(absent);
      await updateRow(scope, row, { pending: null, directory: target });
    } else {
      await updateRow(scope, row, { pending: null });
    }
  } catch (error) {
    throw stuck(scope, row, 'moved to quarantine', error);
  }
}

async function remove(scope: Scope, row: CheckpointRow): Promise<void> {
  try {
    if ((await placeFault({ ...scope, epoch: row.epoch }, row.directory)) === undefined)
      await rm(row.directory, { recursive: true, force: true });
    await rm(manifestPath(scope, row), { force: true });
    await updateRow(scope, row, { pending: null });
  } catch (error) {
    throw stuck(scope, row, 'deleted', error);
  }
}

export function manifestPath(
  { root, run }: Pick<Scope, 'root' | 'run'>,
  { step, epoch }: Checkpoint,
): string {
  return join(runDirectory(root, run), 'manifests', `${step}.${epoch}.json`);
}

function stuck(scope: Scope, row: Checkpoint, deed: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  return failure(
    'Storage.Unavailable',
    `checkpoint ${row.step} of ${scope.run} could not be ${deed} (${code ?? 'error'}): see that ${dirname(row.directory)} is writable`,
    { cause: error },
  );
}
