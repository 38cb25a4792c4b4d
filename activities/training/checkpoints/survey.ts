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
  /** Absent unless asked for, and for what is not verified. */
  readonly check?: CheckOutcome;
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
  const surveyed: SurveyedCheckpoint[] = [];
  for (const row of await checkpointRows(place)) {
    const host = hosts.get(row.epoch) ?? null;
    const check = verify && row.state === 'verified' ? await checkOf(place, row, host) : undefined;
    surveyed.push({ ...describe(row, host), ...(check ? { check } : {}) });
  }
  return surveyed;
}

function describe(row: CheckpointRow, host: string | null): SurveyedCheckpoint {
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
