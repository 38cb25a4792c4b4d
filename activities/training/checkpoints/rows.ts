/** The registry's rows: one per (run, step, epoch), from the save event on. PostgreSQL is what vouches for a checkpoint. */
import { toText } from '../../storage/encode.ts';
import type { Database } from '../../storage/tables.ts';
import { type Manifest, manifestDigest } from '../manifest.ts';

export interface CheckpointScope {
  readonly database: Database;
  /** HOME/training. */
  readonly root: string;
  readonly run: string;
  /** Only checkpoints of the same recipe and data are resumed from. */
  readonly configSha: string;
  readonly dataSha: string;
}

export interface Checkpoint {
  readonly step: number;
  readonly epoch: number;
  readonly directory: string;
}

/** What is kept of a save event until its files are verified. */
export interface Draft {
  readonly configSha: string;
  readonly dataSha: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly parentStep: number | null;
  readonly hasParts: boolean;
}

export interface CheckpointRow extends Checkpoint {
  readonly state: 'saved' | 'verified' | 'quarantined' | 'pruned';
  readonly digest: string | null;
  /** Null until it was verified. */
  readonly manifest: Manifest | null;
  /** Null from then on. */
  readonly draft: Draft | null;
  readonly reason: string | null;
  readonly bytes: number;
  readonly worldSize: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly pending: 'move' | 'delete' | null;
  readonly savedAt: Date;
  readonly checkedAt: Date | null;
}

const maxReasonChars = 300;

/** Newest first; of one step, the newest epoch first. */
export async function checkpointRows(
  { database, run }: Pick<CheckpointScope, 'database' | 'run'>,
  state?: CheckpointRow['state'],
): Promise<CheckpointRow[]> {
  let query = database.selectFrom('training_checkpoints').selectAll().where('run', '=', run);
  if (state) query = query.where('state', '=', state);
  const rows = await query.orderBy('step', 'desc').orderBy('epoch', 'desc').execute();
  return rows.map((row) => ({
    step: row.step,
    epoch: row.epoch,
    directory: row.directory,
    state: row.state,
    digest: row.digest,
    manifest: row.digest === null ? null : (row.manifest as Manifest | null),
    draft: row.digest === null ? (row.manifest as Draft | null) : null,
    reason: row.reason,
    bytes: Number(row.bytes),
    worldSize: row.world_size,
    metrics: (row.metrics ?? {}) as Record<string, number>,
    pending: row.pending,
    savedAt: row.created_at,
    checkedAt: row.checked_at,
  }));
}

/** Verified ones of this recipe and data. One whose manifest was edited counts, so that it is found damaged. */
export async function verifiedRows(scope: CheckpointScope): Promise<CheckpointRow[]> {
  const rows = await checkpointRows(scope, 'verified');
  return rows.filter(
    ({ manifest, digest }) =>
      (manifest?.configSha === scope.configSha && manifest.dataSha === scope.dataSha) ||
      manifestDigest(manifest) !== digest,
  );
}

export async function updateRow(
  scope: Pick<CheckpointScope, 'database' | 'run'>,
  row: Checkpoint,
  change: {
    readonly state?: CheckpointRow['state'];
    readonly reason?: string | null;
    readonly pending?: CheckpointRow['pending'];
    readonly directory?: string;
    readonly checked_at?: Date;
  },
  from?: CheckpointRow['state'],
): Promise<void> {
  const { reason } = change;
  let update = scope.database
    .updateTable('training_checkpoints')
    .set(typeof reason === 'string' ? { ...change, reason: toText(reason.slice(0, maxReasonChars)) } : change)
    .where('run', '=', scope.run)
    .where('step', '=', row.step)
    .where('epoch', '=', row.epoch);
  if (from) update = update.where('state', '=', from);
  await update.execute();
}
