/**
 * The checkpoint to resume from: verified again, byte for byte, before anything loads it. A damaged one goes to quarantine
 * and the next older one is tried; none left of those there were: the caller must not start over silently. All older
 * attempts are dead.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure, isFailure } from '../../failure.ts';
import { settleSaved } from '../checkpoints.ts';
import { writeWhole } from '../layout.ts';
import type { Recipe } from '../recipe.ts';
import { absent } from './confine.ts';
import { type CopyPlace, restoreCopy } from './copy.ts';
import { changeOf } from './recheck.ts';
import {
  type Checkpoint,
  checkpointRows,
  type CheckpointRow,
  type CheckpointScope,
  updateRow,
  verifiedRows,
} from './rows.ts';
import { manifestPath, quarantine, setAside, settle } from './settle.ts';

export interface Wish {
  readonly recipe: Recipe;
  /** The operator's choice: newer ones are set aside; 0 = from the start. */
  readonly fromStep?: number | undefined;
  /** Checkpoints from this step on are not to be trusted. */
  readonly rollBack?: { readonly quarantineFrom: number; readonly reason: string } | undefined;
  /** Where copies are, from which a damaged one is brought back. */
  readonly copies?: CopyPlace | undefined;
}

export interface Chosen {
  /** Null = from the start. */
  readonly checkpoint: Checkpoint | null;
  readonly quarantined: readonly { readonly step: number; readonly reason: string }[];
  /** There were verified ones and none is left, and nobody asked for a start from nothing. */
  readonly lost: boolean;
}

/** May be repeated. Throws `Storage.Unavailable` and `Training.HostUnknown` while the files cannot be read or moved. */
export async function chooseCheckpoint(scope: CheckpointScope, wish: Wish): Promise<Chosen> {
  await requireFiles(scope);
  await readable(scope, () => settleSaved(scope, wish.recipe));
  const quarantined: { readonly step: number; readonly reason: string }[] = [];
  const aside = async (row: CheckpointRow, reason: string): Promise<void> => {
    await quarantine(scope, row, reason);
    quarantined.push({ step: row.step, reason });
  };
  let checkpoint: CheckpointRow | undefined;
  for (const row of await verifiedRows(scope)) {
    if (wish.fromStep !== undefined && row.step > wish.fromStep) {
      await quarantine(scope, row, setAside);
    } else if (wish.rollBack && row.step >= wish.rollBack.quarantineFrom) {
      await aside(row, wish.rollBack.reason);
    } else {
      const change = await readable(scope, () => changeOf(scope, row));
      if (change === undefined || (await restored(scope, row, change, wish.copies))) {
        checkpoint = row;
        break;
      }
      quarantined.push({ step: row.step, reason: change });
    }
  }
  await settle(scope);
  if (checkpoint) await updateRow(scope, checkpoint, { checked_at: new Date() });
  const lost = !checkpoint && wish.fromStep !== 0 && (await everVerified(scope));
  return { checkpoint: checkpoint ?? null, quarantined, lost };
}

/** Sets the damaged one aside; true when a whole copy has taken its place. A bucket that does not answer is no help. */
async function restored(
  scope: CheckpointScope,
  row: CheckpointRow,
  change: string,
  copies: CopyPlace | undefined,
): Promise<boolean> {
  await quarantine(scope, row, change);
  if (!copies) return false;
  await settle(scope);
  try {
    if (!(await restoreCopy(scope, copies, row))) return false;
  } catch (error) {
    if (isFailure(error)) return false;
    throw error;
  }
  await writeWhole(manifestPath(scope, row), JSON.stringify(row.manifest));
  if ((await changeOf(scope, row)) !== undefined) return false;
  await updateRow(scope, row, { state: 'verified', reason: null, pending: null, directory: row.directory });
  return true;
}

/** On a host without the run's files every checkpoint would look lost. */
async function requireFiles(scope: CheckpointScope): Promise<void> {
  const [newest] = await verifiedRows(scope);
  if (!newest || (await readable(scope, () => stat(dirname(manifestPath(scope, newest))).catch(absent))))
    return;
  throw failure(
    'Training.HostUnknown',
    `${scope.run} has checkpoints, but not on this host: see that ${scope.root} is mounted, or start the worker of their host`,
  );
}

async function readable<T>(scope: CheckpointScope, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isFailure(error) || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw error;
    const message = `the checkpoints of ${scope.run} cannot be read (${code}): see that ${scope.root} is in order`;
    throw failure('Storage.Unavailable', message, { cause: error });
  }
}

/** Also true after a launch that was interrupted between its quarantine and its answer. */
async function everVerified(scope: CheckpointScope): Promise<boolean> {
  const rows = await checkpointRows(scope, 'quarantined');
  return rows.some(
    ({ manifest }) => manifest?.configSha === scope.configSha && manifest.dataSha === scope.dataSha,
  );
}
