/** Writes the executed and graded cells of a run as `matrix.parquet`, in the order of their keys, a part at a time. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { sql } from 'kysely';
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { Grading } from '../benchmarks/grading.ts';
import { failure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import { createPlanReader, type PlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import type { Database } from '../storage/tables.ts';
import { type CellRow, columnData, parquetSchema } from './cell-row.ts';
import { createCellsDigest, type Provenance } from './provenance.ts';
import { type KeyedCell, sortCells } from './sorted-cells.ts';

export interface ExportMatrixParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly grading: Pick<Grading, 'graderOf'>;
  /** For plans of older releases, which did not pin every revision. */
  readonly calls: Pick<CallService, 'identity'>;
}

export interface MatrixExport extends Pick<Provenance, 'cells' | 'cellsSha256' | 'fileSha256' | 'origins'> {
  /** Cells of the run that are not executed, or not graded by the graders of now. */
  readonly missing: number;
}

const rowsPerGroup = 10_000;
const rowsPerRead = 2_000;

/** `run`: KIND/NAME. The file appears when it is whole. Throws `Input.NotFound` for a run that opened no matrix. */
export async function exportMatrix(
  parts: ExportMatrixParts,
  options: { readonly namespace: string; readonly run: string; readonly file: string },
): Promise<MatrixExport> {
  const { namespace, run, file } = options;
  const plans = createPlanReader(parts.blobs);
  const shas = await plansOf(parts.database, namespace, run);
  const revisions = await revisionsOf(plans, shas, parts.calls);
  const revisionOf = (plan: Plan, driver: string): string =>
    plan.revisions[driver] ?? revisions.get(driver) ?? '';
  const { graderOf } = parts.grading;
  const sorted = await sortCells(plans, shas, { revisionOf, graderOf });

  const part = `${file}.part`;
  const parquet = new ParquetWriter({
    writer: fileWriter(part),
    schema: parquetSchema,
    createdBy: 'masgpt-temporal',
  });
  const digest = createCellsDigest();
  const origins = new Map<string, number>();
  let cells = 0;
  try {
    let group: CellRow[] = [];
    const write = async (): Promise<void> => {
      if (group.length > 0)
        await parquet.write({ columnData: columnData(group), rowGroupSize: rowsPerGroup });
      group = [];
    };
    for (let from = 0; from < sorted.count; from += rowsPerRead) {
      const wanted = sorted.range(from, Math.min(from + rowsPerRead, sorted.count));
      const found = await readCells(
        parts.database,
        wanted.map(({ key }) => key),
      );
      for (const cell of wanted) {
        const stored = found.get(`${cell.key} ${cell.grader}`);
        if (!stored) continue;
        const row = rowOf(cell, stored, revisionOf(cell.plan, stored.driver));
        digest.add(row);
        cells += 1;
        if (stored.run.startsWith('import/')) origins.set(stored.run, (origins.get(stored.run) ?? 0) + 1);
        if (group.push(row) === rowsPerGroup) await write();
      }
    }
    await write();
    await parquet.finish();
    const fileSha256 = await sha256OfFile(part);
    await rename(part, file);
    return {
      ...{ cells, missing: sorted.count - cells, cellsSha256: digest.hex(), fileSha256 },
      origins: await describeOrigins(parts.database, origins),
    };
  } finally {
    await rm(part, { force: true });
  }
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function plansOf(database: Database, namespace: string, run: string): Promise<string[]> {
  const rows = await database
    .selectFrom('run_plans')
    .select('plan')
    .where('namespace', '=', namespace)
    .where('run', '=', run)
    .orderBy('plan')
    .execute();
  if (rows.length === 0)
    throw failure('Input.NotFound', `${run} has opened no score matrix: see \`masgpt runs list\``);
  return rows.map(({ plan }) => plan);
}

async function revisionsOf(
  plans: PlanReader,
  shas: readonly string[],
  calls: ExportMatrixParts['calls'],
): Promise<Map<string, string>> {
  const revisions = new Map<string, string>();
  for (const sha256 of shas) {
    const plan = await plans.plan(sha256);
    for (const driver of plan.drivers)
      if (plan.revisions[driver] === undefined)
        revisions.set(driver, (await calls.identity(driver)).revision);
  }
  return revisions;
}

/** By key and grader. */
async function readCells(database: Database, keys: readonly string[]) {
  const rows = await database
    .selectFrom('executions as e')
    .innerJoin('scores as s', 's.execution', 'e.key')
    .select([
      'e.key',
      'e.run',
      'e.tenant',
      'e.query_id',
      'e.program_sha256',
      'e.driver',
      'e.repeat',
      'e.guest',
    ])
    .select(['e.status', 'e.failure_kind', 'e.failure_message', 'e.answer', 'e.simulated', 'e.llm_calls'])
    .select(['e.code_runs', 'e.tokens_in', 'e.tokens_cached', 'e.tokens_out', 'e.cost_usd'])
    .select(['s.grader', 's.score', 's.verdict'])
    // One parameter: a list of 2,000 costs more than the rows.
    .where('e.key', '=', sql<string>`any(${keys}::text[])`)
    .where('e.status', 'in', ['answered', 'failed'])
    .execute();
  return new Map(rows.map((row) => [`${row.key} ${row.grader}`, row]));
}

type StoredCell = Awaited<ReturnType<typeof readCells>> extends Map<string, infer Row> ? Row : never;

function rowOf({ key, plan, program }: KeyedCell, stored: StoredCell, revision: string): CellRow {
  const failed = stored.status === 'failed';
  return {
    ...{ key, query: stored.query_id, program: stored.program_sha256, program_name: program },
    ...{ driver: stored.driver, revision, repeat: stored.repeat, seed: plan.seed, tenant: stored.tenant },
    common_random_numbers: plan.commonRandomNumbers,
    limits: canonicalJson(plan.limits),
    ...{ guest: stored.guest, simulated: stored.simulated },
    failure: failed ? ((stored.failure_kind ?? 'raised') as CellRow['failure']) : null,
    failure_message: failed ? stored.failure_message : null,
    answer: failed ? null : (stored.answer ?? ''),
    ...{ llm_calls: stored.llm_calls, code_runs: stored.code_runs, cost_usd: stored.cost_usd },
    ...{ tokens_in: stored.tokens_in, tokens_cached: stored.tokens_cached, tokens_out: stored.tokens_out },
    ...{ score: stored.score, grader: stored.grader, verdict: canonicalJson(stored.verdict) },
  };
}

async function describeOrigins(
  database: Database,
  counts: ReadonlyMap<string, number>,
): Promise<Provenance['origins']> {
  if (counts.size === 0) return [];
  const rows = await database
    .selectFrom('matrix_imports')
    .select(['run', 'site', 'release', 'exported_at'])
    .where('run', 'in', [...counts.keys()])
    .orderBy('run')
    .execute();
  return rows.map(({ run, site, release, exported_at: exportedAt }) => ({
    ...{ site: site ?? '', release: release ?? '', cells: counts.get(run) ?? 0 },
    exportedAt: exportedAt?.toISOString() ?? null,
  }));
}
