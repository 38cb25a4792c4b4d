/** What the registries say of a run's attempts and checkpoints, as its model's card shows it. */
import { z } from 'zod';
import type { Database } from '../storage/tables.ts';

export interface CardAttempt {
  readonly epoch: number;
  readonly host: string;
  /** Class of its end; null = it has none. */
  readonly class: string | null;
  readonly cause: string | null;
  /** 0 = from the start. */
  readonly fromStep: number;
  /** The last step that it told; null = unknown. */
  readonly toStep: number | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface CardCheckpoint {
  readonly step: number;
  readonly epoch: number;
  readonly state: string;
  readonly bytes: number;
  /** Of the last evaluation and log before it, by the trainer's names. */
  readonly metrics: Readonly<Record<string, number>>;
}

const evidenceSchema = z
  .object({ cause: z.string().nullish().catch(null), step: z.number().nullish().catch(null) })
  .catch({});

export async function readAttempts(database: Database, run: string): Promise<CardAttempt[]> {
  const rows = await database
    .selectFrom('training_attempts')
    .select(['epoch', 'host', 'outcome', 'evidence', 'resume_step', 'started_at', 'ended_at'])
    .where('run', '=', run)
    .orderBy('epoch')
    .execute();
  return rows.map((row) => {
    const { cause = null, step = null } = evidenceSchema.parse(row.evidence ?? {});
    return {
      ...{ epoch: row.epoch, host: row.host, class: row.outcome, cause },
      ...{ fromStep: row.resume_step ?? 0, toStep: step },
      ...{ startedAt: row.started_at.toISOString(), endedAt: row.ended_at?.toISOString() ?? null },
    };
  });
}

const metricsSchema = z.record(z.string(), z.number()).catch({});
const manifestSchema = z
  .object({ versions: z.record(z.string(), z.string()).catch({}) })
  .catch({ versions: {} });

/** In the order of their steps; `versions`: of the newest that tells any. */
export async function readCheckpoints(
  database: Database,
  run: string,
): Promise<{
  readonly checkpoints: readonly CardCheckpoint[];
  readonly versions: Readonly<Record<string, string>>;
}> {
  const rows = await database
    .selectFrom('training_checkpoints')
    .select(['step', 'epoch', 'state', 'bytes', 'metrics', 'manifest'])
    .where('run', '=', run)
    .orderBy('step')
    .orderBy('epoch')
    .execute();
  const told = rows.map(({ manifest }) => manifestSchema.parse(manifest ?? {}).versions);
  return {
    checkpoints: rows.map(({ step, epoch, state, bytes, metrics }) => ({
      ...{ step, epoch, state, bytes: Number(bytes) },
      metrics: metricsSchema.parse(metrics ?? {}),
    })),
    versions: told.findLast((versions) => Object.keys(versions).length > 0) ?? {},
  };
}
