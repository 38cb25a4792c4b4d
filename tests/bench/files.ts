/**
 * The files that hold a whole matrix, at any size: those of a dataset, and `matrix.parquet` out of one database and into another.
 * Executions are generated, 48 programs x 3 repeats. `--cells=500000,1759968` gives the sizes; the last is that of 12,222 queries.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../activities/benchmarks/stats/seeded-random.ts';
import { readPool } from '../../activities/mas/pool.ts';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { migrate, openDatabase } from '../../activities/storage/database.ts';
import { createDatabase, startPostgres } from '../../clients/dev/postgres.ts';
import { isRoot } from '../../workers/host/directories.ts';
import { recordPlan } from '../../activities/storage/run-plans.ts';
import { datasetInputSchema, type ExportInput } from '../../workflows/dataset/contract.ts';
import { exportFormats } from '../../workflows/dataset/export-contract.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import { type Query, querySchema } from '../../workflows/shared/query.ts';
import type { FileFigures, FileWork } from './dataset/file-work.ts';
import { generatedPlan, hexOf, insertMatrix } from './dataset/generated-matrix.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import { round } from './support/figures.ts';

const [programs, repeats] = [48, 3];
const defaultCells = [50_000];

export default async function benchFiles(
  note: (text: string) => void,
  { cells = defaultCells }: BenchOptions = {},
): Promise<BenchResult> {
  const parent = isRoot ? '/var/lib/masgpt' : tmpdir();
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'bench-files-'));
  // As root, PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const postgres = await startPostgres({ directory: join(folder, 'postgres') });
  try {
    const measured: { readonly size: number; readonly figures: Figures }[] = [];
    for (const size of cells.toSorted((a, b) => a - b))
      measured.push({ size, figures: await measure({ url: postgres.url, folder, size, note }) });
    const metrics = measured.flatMap(({ size, figures }) =>
      Object.entries(figures).map(([name, value]) => [`${name}At${size}`, round(value)] as const),
    );
    const [first, last] = [measured[0]?.figures, measured.at(-1)?.figures];
    const growth = works.map(
      (work) =>
        [
          `${work}MbLargestToSmallest`,
          round((last?.[`${work}Mb`] ?? 0) / (first?.[`${work}Mb`] ?? 1)),
        ] as const,
    );
    return { metrics: Object.fromEntries(metrics), ratios: Object.fromEntries(growth) };
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const works = ['exportDataset', 'exportMatrix', 'importMatrix'] as const;
type Figures = Readonly<
  Record<`${(typeof works)[number]}${'Seconds' | 'CpuSeconds' | 'Mb' | 'LongestTurnSeconds'}`, number>
>;

interface Size {
  readonly url: (database: string) => string;
  readonly folder: string;
  readonly size: number;
  readonly note: (text: string) => void;
}

async function measure({ url, folder, size, note }: Size): Promise<Figures> {
  const [here, there] = [`here_${size}`, `there_${size}`];
  for (const name of [here, there]) await createMigrated(url, name);
  const blobs = join(folder, `blobs-${size}`);
  const file = join(folder, `matrix-${size}.parquet`);
  const given = await generate({ url: url(here), blobs, size, note });
  const run = async (work: FileWork): Promise<FileFigures> => {
    const figures = await perform(work);
    note(
      `${work.kind}: ${figures.rows} rows, ${figures.seconds.toFixed(1)} s, ${figures.peakMb.toFixed(0)} MB`,
    );
    return figures;
  };
  const found = {
    exportDataset: await run({ kind: 'exportDataset', databaseUrl: url(here), blobs, given }),
    exportMatrix: await run({ kind: 'exportMatrix', databaseUrl: url(here), blobs, file }),
    importMatrix: await run({ kind: 'importMatrix', databaseUrl: url(there), blobs, file }),
  };
  note(`matrix.parquet: ${((await stat(file)).size / 1e6).toFixed(1)} MB`);
  const { rows: exported } = found.exportMatrix;
  if (exported !== given.plan.cells || found.importMatrix.rows !== exported)
    throw new Error(`${given.plan.cells} cells, ${exported} exported, ${found.importMatrix.rows} imported`);
  const entries = works.flatMap((work) => {
    const { seconds, cpuSeconds, peakMb, longestTurnSeconds } = found[work];
    return [
      [`${work}Seconds`, seconds],
      [`${work}CpuSeconds`, cpuSeconds],
      [`${work}Mb`, peakMb],
      [`${work}LongestTurnSeconds`, longestTurnSeconds],
    ] as const;
  });
  return Object.fromEntries(entries) as Figures;
}

async function createMigrated(url: Size['url'], name: string): Promise<void> {
  await createDatabase(url('postgres'), name);
  const database = openDatabase(url(name), { max: 1 });
  await migrate(database).finally(() => database.destroy());
}

async function perform(work: FileWork): Promise<FileFigures> {
  const script = fileURLToPath(new URL('dataset/file-work.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, MASGPT_FILE_WORK: JSON.stringify(work) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await json(child.stdout)) as FileFigures;
}

interface Generated {
  readonly url: string;
  readonly blobs: string;
  readonly size: number;
  readonly note: (text: string) => void;
}

/** What exportDataset is given after a build: every query has a row, one in ten an adapted program of its own. */
async function generate({ url, blobs: directory, size, note }: Generated): Promise<ExportInput> {
  const database = openDatabase(url, { max: 2 });
  const blobs = createDirectoryBlobs(directory);
  try {
    const queries = queriesOf(Math.max(1, Math.round(size / (programs * repeats))));
    const pool = (await readPool()).list().slice(0, programs);
    for (const { source } of pool) await blobs.put(source);
    const plan: Plan = generatedPlan({
      queries: await blobs.put(linesOf(queries)),
      ...{ queryCount: queries.length, programs: pool.map(({ id, sha256 }) => ({ id, sha256 })), repeats },
    });
    const planSha256 = await blobs.put(JSON.stringify(plan));
    await recordPlan(database, { namespace: 'default', run: 'dataset/bench', plan: planSha256 });
    note(`writing ${cellCount(plan)} executions`);
    await insertMatrix(database, plan, queries);
    const finals = [];
    for (const [queryIndex, { id: queryId }] of queries.entries()) {
      const { id, sha256, source } = pool[queryIndex % pool.length] as (typeof pool)[number];
      const base = { id, sha256 };
      const adapted = queryIndex % 10 === 0;
      const program = adapted
        ? { id: 'refined', sha256: await blobs.put(`${source}\n# for query ${queryIndex}\n`) }
        : base;
      const final = { program, score: 1, reasoning: 'The query asks for a sum. '.repeat(30), adapted };
      const kept = adapted ? null : 'scoredLower';
      finals.push({
        queryIndex,
        queryId,
        group: `group-${queryIndex % 60}`,
        base,
        baseScore: 1,
        final,
        kept,
      });
    }
    const formats = [...exportFormats];
    return {
      run: 'dataset/bench',
      input: datasetInputSchema.parse({
        ...{ queries: [{ source: 'generated-train' }], driver: 'bench', repeats, export: { formats } },
      }),
      plan: { plan: planSha256, cells: cellCount(plan), queries: queries.length, simulated: true },
      selection: { selection: hexOf('selection'), queries: queries.length, dropped: 0, groups: [] },
      finals: [await blobs.put(linesOf(finals))],
      refinement: { tried: queries.length, accepted: 0, kept: queries.length },
      dropped: 0,
    };
  } finally {
    await database.destroy();
  }
}

const linesOf = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Stories of 60 words from 4,000: no two are alike. */
function queriesOf(count: number): Query[] {
  const random = seededRandom(5);
  const word = (): string =>
    hexOf(String(Math.floor(4_000 * random())))
      .replace(/\d/g, 'x')
      .slice(0, 7);
  return Array.from({ length: count }, (_, index) =>
    querySchema.parse({
      ...{ id: hexOf(`query ${index}`).slice(0, 32), source: 'bench', subject: `group-${index % 60}` },
      text: `${Array.from({ length: 60 }, word).join(' ')}?`,
      ...{ gold: { kind: 'number', value: '1' }, licence: 'MIT' },
    }),
  );
}
