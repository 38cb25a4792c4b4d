/** The registry of finished models: one row per artefact, with what is left of its files on this machine. */
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../storage/tables.ts';
import { listFiles } from './manifest.ts';
import { cardDirectory } from './model-card.ts';

export interface FinishedModel {
  /** training/NAME. */
  readonly run: string;
  /** sha256 of the artefact. */
  readonly sha256: string;
  readonly recipe: string;
  readonly dataset: string | null;
  readonly datasetSha256: string;
  readonly steps: number | null;
  readonly finalLoss: number | null;
  readonly finishedAt: Date;
  /** Where it was put. */
  readonly directory: string;
  /** Of its files; null = they are not on this machine. */
  readonly bytes: number | null;
  /** Its README.md; null = there is none here. */
  readonly card: string | null;
}

const resultSchema = z
  .object({ result: z.object({ steps: z.number(), finalLoss: z.number().nullable() }) })
  .catch({ result: { steps: Number.NaN, finalLoss: null } });

/** Newest first. `root`: HOME/training. */
export async function listModels(
  database: Database,
  root: string,
  filter: { readonly run?: string } = {},
): Promise<FinishedModel[]> {
  let query = database.selectFrom('artefacts').selectAll().orderBy('created_at', 'desc');
  if (filter.run !== undefined) query = query.where('run', '=', filter.run);
  const rows = await query.execute();
  const datasets = await datasetsOf(database);
  return Promise.all(
    rows.map(async (row) => {
      const { steps, finalLoss } = resultSchema.parse(row.metrics).result;
      const card = join(cardDirectory(root, row.run, row.sha256), 'README.md');
      return {
        ...{ run: row.run, sha256: row.sha256, recipe: row.recipe, datasetSha256: row.dataset_sha256 },
        dataset: datasets.get(row.dataset_sha256) ?? null,
        ...{ steps: Number.isNaN(steps) ? null : steps, finalLoss, finishedAt: row.created_at },
        ...{ directory: row.directory, bytes: await bytesOf(row.directory) },
        card: await access(card).then(
          () => card,
          () => null,
        ),
      };
    }),
  );
}

/** Names of dataset runs, by the sha256 of their chat JSON lines. */
async function datasetsOf(database: Database): Promise<Map<string, string>> {
  const rows = await database
    .selectFrom('runs')
    .select(['name', sql<string | null>`result -> 'files' ->> 'sft.jsonl'`.as('sha256')])
    .where('kind', '=', 'dataset')
    .where('state', '=', 'succeeded')
    .execute();
  return new Map(rows.flatMap(({ name, sha256 }) => (sha256 === null ? [] : [[sha256, name] as const])));
}

async function bytesOf(directory: string): Promise<number | null> {
  try {
    const sizes = await Promise.all(
      (await listFiles(directory)).map(async (path) => (await stat(join(directory, path))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return null;
  }
}
