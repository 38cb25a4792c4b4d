/** The registry of one run for people, and on demand whether each verified checkpoint is still whole. Changes nothing. */
import type { Database } from '../../storage/tables.ts';
import { changeOf } from './recheck.ts';
import { checkpointRows, type CheckpointRow } from './rows.ts';

export interface SurveyedCheckpoint {
  readonly step: number;
  readonly attempt: number;
  readonly host: string | null;
  readonly state: CheckpointRow['state'];
  readonly bytes: number;
  readonly ranks: number;
  readonly savedAt: Date;
  readonly checkedAt: Date | null;
  /** sha256 of the manifest; null until it was verified. */
  readonly digest: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly reason: string | null;
  readonly directory: string;
  /** What is still to be done to its directory. */
  readonly pending: 'move' | 'delete' | null;
  /** In buckets; `verifiedAt` is null where it could not be read back. */
  readonly copies: readonly SurveyedCopy[];
  /** Absent unless asked for, and for what is not verified. */
  readonly check?: CheckOutcome;
}

export interface SurveyedCopy {
  readonly place: string;
  readonly verifiedAt: Date | null;
  readonly problem: string | null;
}

export type CheckOutcome =
  | { readonly found: 'whole' }
  | { readonly found: 'damaged'; readonly reason: string }
  /** On another host, or its disk does not answer: nothing is said about it. */
  | { readonly found: 'unknown'; readonly reason: string };

export interface SurveyPlace {
  readonly database: Database;
  /** HOME/training. */
  readonly root: string;
  readonly run: string;
  /** This host's name. */
  readonly host: string;
}

/** Newest first. `verify` hashes every file of every verified checkpoint again. */
export async function surveyCheckpoints(place: SurveyPlace, verify: boolean): Promise<SurveyedCheckpoint[]> {
  const attempts = await place.database
    .selectFrom('training_attempts')
    .select(['epoch', 'host'])
    .where('run', '=', place.run)
    .execute();
  const hosts = new Map(attempts.map(({ epoch, host }) => [epoch, host]));
  const copies = await place.database
    .selectFrom('training_checkpoint_copies')
    .selectAll()
    .where('run', '=', place.run)
    .execute();
  const surveyed: SurveyedCheckpoint[] = [];
  for (const row of await checkpointRows(place)) {
    const host = hosts.get(row.epoch) ?? null;
    const check = verify && row.state === 'verified' ? await checkOf(place, row, host) : undefined;
    const own = copies
      .filter((copy) => copy.step === row.step && copy.epoch === row.epoch)
      .map((copy) => ({ place: copy.place, verifiedAt: copy.verified_at, problem: copy.problem }));
    surveyed.push({ ...describe(row, host), copies: own, ...(check ? { check } : {}) });
  }
  return surveyed;
}

function describe(row: CheckpointRow, host: string | null): Omit<SurveyedCheckpoint, 'copies'> {
  const { step, epoch, state, bytes, worldSize, savedAt, checkedAt } = row;
  const { digest, metrics, reason, directory, pending } = row;
  return {
    ...{ step, attempt: epoch, host, state, bytes, ranks: worldSize, savedAt, checkedAt },
    ...{ digest, metrics, reason, directory, pending },
  };
}

async function checkOf(place: SurveyPlace, row: CheckpointRow, host: string | null): Promise<CheckOutcome> {
  try {
    const reason = await changeOf(place, row);
    if (reason === undefined) return { found: 'whole' };
    // Hosts may share their files: a whole one is whole from anywhere, a missing one is not lost elsewhere.
    if (host !== null && host !== place.host) return { found: 'unknown', reason: `it is on host ${host}` };
    return { found: 'damaged', reason };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { found: 'unknown', reason: `its files cannot be read (${code})` };
  }
}
