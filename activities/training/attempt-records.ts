/** What is kept of attempts for people, whichever host they ran on: the end of the log, and how far the shim got from the worker. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Database } from '../storage/tables.ts';
import { attemptLayout } from './layout.ts';
import { scopeSchema } from './launchers/records.ts';

export interface KeptTail {
  readonly epoch: number;
  readonly class: string | null;
  /** Stacks, or the log's end, at most 4,000 characters, without escapes. */
  readonly tail: string;
}

const tailSchema = z.object({ tail: z.string() }).catch({ tail: '' });

/** Of the newest attempt that ended with one, or of the attempt that is named. */
export async function keptTail(
  database: Database,
  run: string,
  wanted: { readonly epoch?: number } = {},
): Promise<KeptTail | undefined> {
  let query = database
    .selectFrom('training_attempts')
    .select(['epoch', 'outcome', 'evidence'])
    .where('run', '=', run)
    .orderBy('epoch', 'desc');
  if (wanted.epoch !== undefined) query = query.where('epoch', '=', wanted.epoch);
  for (const { epoch, outcome, evidence } of await query.execute()) {
    const { tail } = tailSchema.parse(evidence ?? {});
    if (tail !== '') return { epoch, class: outcome, tail };
  }
  return undefined;
}

const recordSchema = z.object({ scope: scopeSchema });

/** Of an attempt of this machine; undefined elsewhere. `root`: HOME/training. */
export async function scopeOfAttempt(
  root: string,
  run: string,
  epoch: number,
): Promise<z.infer<typeof scopeSchema> | undefined> {
  const text = await readFile(attemptLayout(root, run, epoch).identity, 'utf8').catch(() => '');
  try {
    return recordSchema.parse(JSON.parse(text)).scope;
  } catch {
    return undefined;
  }
}
