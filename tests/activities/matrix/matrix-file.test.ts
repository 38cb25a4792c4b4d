/** matrix.parquet between two stores: equal cells are equal bytes, imported cells are stored, forged and conflicting ones are refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { ReadableStream } from 'node:stream/web';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { graderOf } from '../../../activities/benchmarks/graders/create-grading.ts';
import { createFindDone } from '../../../activities/benchmarks/survey-batches.ts';
import { identityOf } from '../../../activities/mas/cell-outcomes.ts';
import { executionKey, executionSeed } from '../../../activities/mas/execution-key.ts';
import { createPlanReader } from '../../../activities/mas/plan-reader.ts';
import { type CellRow, columnData, nameRows, parquetSchema } from '../../../activities/matrix/cell-row.ts';
import { exportMatrix, type MatrixExport, sha256OfFile } from '../../../activities/matrix/export-matrix.ts';
import { importMatrix, type MatrixImport } from '../../../activities/matrix/import-matrix.ts';
import { toJson, toText } from '../../../activities/storage/encode.ts';
import { readMatrixFile } from '../../../clients/cli/read-matrix-file.ts';
import { cellCount, type Plan } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { type EvaluationParts, evaluationParts } from '../../support/evaluation-parts.ts';

vi.setConfig({ testTimeout: 180_000 });

const queries = 50;
const hostile = '=cmd|\u0000 </script>\u{1F600} \uFFFD';
let here: EvaluationParts;
let there: EvaluationParts;
let directory: string;
let plan: Plan;
let planSha256: string;
let good: CellRow[] | undefined;

beforeAll(async () => {
  [here, there] = [await evaluationParts(), await evaluationParts()];
  directory = await mkdtemp(join(tmpdir(), 'masgpt-matrix-'));
  for (const parts of [here, there]) {
    const { blobs } = parts.services;
    const systems = await Promise.all(
      ['cot', 'single'].map(async (id) => {
        const program = { id, sha256: await blobs.put(`class MAS: ${id}`) };
        return { kind: 'program', id, program } as const;
      }),
    );
    const limits = limitsSchema.parse({});
    plan = {
      ...{ v: 1, queries: await parts.additions(queries), queryCount: queries, systems, limits },
      ...{ drivers: ['driver'], revisions: { driver: 'r1' }, repeats: 3, seed: 7, tenant: 'default' },
      commonRandomNumbers: false,
    };
    planSha256 = await blobs.put(JSON.stringify(plan));
    await parts.database
      .insertInto('run_plans')
      .values({ namespace: 'default', run: 'dataset/m', plan: planSha256 })
      .execute();
  }
});
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await there?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const { database } of [here, there]) {
    await database.deleteFrom('executions').execute();
    await database.deleteFrom('matrix_imports').execute();
  }
});

/** As runExecutions and gradeExecutions leave cells: every seventh failed, some answers hostile. */
async function fill({ database, services }: EvaluationParts, from: number, to: number): Promise<void> {
  for (const cell of await createPlanReader(services.blobs).cells({ plan: planSha256, from, to })) {
    if (cell.system.kind !== 'program') continue;
    const identity = identityOf(plan, cell, cell.system.program);
    const failed = cell.index % 7 === 0;
    const key = executionKey(identity, 'r1');
    await database
      .insertInto('executions')
      .values({
        ...{ key, tenant: 'default', run: 'dataset/m', query_id: cell.query.id, driver: 'driver' },
        ...{ program_sha256: cell.system.program.sha256, repeat: cell.repeat, seed: executionSeed(identity) },
        ...{ guest: 'g', status: failed ? 'failed' : 'answered', failure_kind: failed ? 'raised' : null },
        failure_message: failed ? 'it raised' : null,
        answer: failed ? null : toText(cell.index % 5 === 0 ? hostile : `answer ${cell.index}`),
        ...{
          llm_calls: 2,
          tokens_in: 1_000 + cell.index,
          tokens_out: 7,
          cost_usd: 0.00123,
          wall_ms: Math.random(),
        },
        ended_at: new Date(),
      })
      .execute();
    await database
      .insertInto('scores')
      .values({
        ...{ execution: key, grader: graderOf(cell.query), score: failed ? 0 : cell.index % 2 },
        verdict: toJson({ extracted: null, reason: 'r' }),
      })
      .execute();
  }
}

async function exported(
  { database, services }: EvaluationParts,
  name: string,
): Promise<MatrixExport & { file: string }> {
  const file = join(directory, name);
  const parts = { database, blobs: services.blobs, grading: { graderOf }, calls: services.calls };
  return { ...(await exportMatrix(parts, { namespace: 'default', run: 'dataset/m', file })), file };
}

async function imported({ database }: EvaluationParts, file: string): Promise<MatrixImport> {
  return importMatrix(database, readMatrixFile(file), {
    fileSha256: await sha256OfFile(file),
    provenance: undefined,
  });
}

async function rowsOf(file: string): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const row of readMatrixFile(file)) rows.push(row as CellRow);
  return rows;
}

async function written(rows: readonly CellRow[], name: string): Promise<string> {
  const file = join(directory, name);
  const parquet = new ParquetWriter({ writer: fileWriter(file), schema: parquetSchema });
  await parquet.write({ columnData: columnData(rows) });
  await parquet.finish();
  return file;
}

const countOf = async ({ database }: EvaluationParts): Promise<number> =>
  (await database.selectFrom('executions').select('key').execute()).length;

it('two sites merge theirs: each has all cells, none of which runs again, in files of equal bytes', async () => {
  await fill(here, 0, 200);
  await fill(there, 150, 300);
  const mine = await exported(here, 'here.parquet');
  const theirs = await exported(there, 'there.parquet');
  expect([mine.cells, mine.missing, theirs.cells, theirs.missing]).toEqual([200, 100, 150, 150]);

  expect(await imported(here, theirs.file)).toMatchObject({
    rows: 150,
    written: 100,
    alreadyThere: 50,
    busy: 0,
  });
  expect(await imported(there, mine.file)).toMatchObject({ rows: 200, written: 150, alreadyThere: 50 });
  expect(await imported(there, mine.file)).toMatchObject({ rows: 200, written: 0, alreadyThere: 200 });

  const [a, b] = [await exported(here, 'a.parquet'), await exported(there, 'b.parquet')];
  expect(a).toMatchObject({ cells: 300, missing: 0, origins: [{ cells: 100 }] });
  expect(await readFile(a.file)).toEqual(await readFile(b.file));
  expect(a).toMatchObject({ cellsSha256: b.cellsSha256, fileSha256: b.fileSha256 });

  for (const { database, services } of [here, there]) {
    const { blobs, calls } = services;
    const find = await createFindDone(
      { database, blobs, calls: { identity: pinned(calls) }, grading: services.grading },
      plan,
    );
    const range = { plan: planSha256, from: 0, to: cellCount(plan) };
    expect(await find(await createPlanReader(blobs).cells(range))).not.toContain(undefined);
  }
  const parts = { ...here, blobs: here.services.blobs, grading: { graderOf }, calls: here.services.calls };
  const unknown = { namespace: 'default', run: 'dataset/none', file: join(directory, 'none.parquet') };
  await expect(exportMatrix(parts, unknown)).rejects.toMatchObject({ type: 'Input.NotFound' });
  const rows = await rowsOf(a.file);
  expect(rows.map(({ key }) => key)).toEqual(rows.map((row) => nameRows()(row).key).toSorted());
  expect(rows.filter(({ answer }) => answer === toText(hostile))).not.toEqual([]);
  expect(rows.filter(({ failure }) => failure === 'raised')).toHaveLength(43);
});

it.each<[string, (row: CellRow) => CellRow, RegExp]>([
  ['another seed', (row) => ({ ...row, seed: 8 }), /row 4: its key is not the one that its columns make/],
  ['another program', (row) => ({ ...row, program: 'a'.repeat(64) }), /row 4: its key/],
  ['other limits', (row) => ({ ...row, limits: row.limits.replace('200', '201') }), /row 4: its key/],
  ['unknown limits', (row) => ({ ...row, limits: '{"fast":true}' }), /row 4: limits/],
  ['a score of 2', (row) => ({ ...row, score: 2 }), /row 4: score/],
  ['a score that is no number', (row) => ({ ...row, score: Number.NaN }), /row 4: score/],
  [
    'a failure that scores',
    (row) => ({ ...row, answer: null, failure: 'raised', score: 1 }),
    /row 4: .*scores 0/,
  ],
  ['neither answer nor failure', (row) => ({ ...row, answer: null, failure: null }), /row 4: it has neither/],
  ['a hostile tenant', (row) => ({ ...row, tenant: "x'; drop table runs" }), /row 4: tenant/],
])('refuses the whole file for %s', async (_what, forge, message) => {
  await fill(here, 1, 7);
  good ??= await rowsOf((await exported(here, 'good.parquet')).file);
  const rows = good.map((row, index) => (index === 3 ? forge(row) : row));
  const source = { fileSha256: 'f'.repeat(64), provenance: undefined };
  const importing = importMatrix(there.database, ReadableStream.from(rows), source);
  await expect(importing).rejects.toMatchObject({ type: 'Input.Invalid', message });
  expect(await countOf(there)).toBe(0);
});

it('lists conflicts and keeps what is here; takes over what was left undone, and leaves alone what is executed', async () => {
  await fill(here, 1, 7);
  await fill(there, 1, 4);
  const { file } = await exported(here, 'here.parquet');
  const [first] = await rowsOf((await exported(there, 'there.parquet')).file);
  await there.database
    .updateTable('scores')
    .set({ score: 0.5 })
    .where('execution', '=', first?.key ?? '')
    .execute();
  await expect(imported(there, file)).rejects.toMatchObject({
    message: expect.stringMatching(
      new RegExp(`1 of 6 rows are refused: row \\d: conflict: cell ${first?.key} is score 0.5 here`),
    ),
  });
  expect(await countOf(there)).toBe(3);

  const all = await rowsOf(file);
  await there.database.deleteFrom('scores').execute();
  const [open, busy] = all.map(({ key }) => key);
  await there.database
    .deleteFrom('executions')
    .where('key', 'in', [open ?? '', busy ?? ''])
    .execute();
  for (const [key, ended] of [[open, new Date()] as const, [busy, null] as const])
    await there.database
      .insertInto('executions')
      .values({
        ...{ key: key ?? '', tenant: 'default', run: 'dataset/x', query_id: 'q', program_sha256: 'p' },
        ...{
          driver: 'driver',
          repeat: 0,
          seed: 's',
          guest: 'g',
          status: 'running',
          ended_at: ended,
          fence: 4,
        },
      })
      .execute();
  expect(await imported(there, file)).toMatchObject({ rows: 6, busy: 1 });
  const taken = await there.database
    .selectFrom('executions')
    .select(['status', 'fence', 'run'])
    .where('key', '=', open ?? '')
    .executeTakeFirstOrThrow();
  expect(taken).toMatchObject({
    status: 'answered',
    fence: 5,
    run: expect.stringMatching(/^import\/[0-9a-f]{12}$/),
  });
});

it('refuses a cell that is twice in the file with two outcomes, and cells that are not those of the provenance', async () => {
  await fill(here, 1, 7);
  const whole = await exported(here, 'whole.parquet');
  const rows = await rowsOf(whole.file);
  const twice = await written([...rows, { ...(rows[0] as CellRow), score: 0.25 }], 'twice.parquet');
  await expect(imported(there, twice)).rejects.toMatchObject({
    message: expect.stringContaining('twice in the file'),
  });
  const source = {
    fileSha256: whole.fileSha256,
    provenance: {
      v: 1 as const,
      ...{ site: 's', release: '0', run: 'dataset/m', cells: 6, fileSha256: whole.fileSha256, origins: [] },
      ...{ exportedAt: new Date().toISOString(), cellsSha256: 'f'.repeat(64) },
    },
  };
  await expect(importMatrix(there.database, readMatrixFile(whole.file), source)).rejects.toThrow(
    /provenance/,
  );
  expect(await countOf(there)).toBe(0);
});

it('survives files that are no matrix', async () => {
  const text = join(directory, 'text.parquet');
  await writeFile(text, 'not parquet');
  await expect(imported(there, text)).rejects.toThrow(/no parquet/);
  await fill(here, 1, 7);
  const { file } = await exported(here, 'cut.parquet');
  const bytes = await readFile(file);
  const cut = join(directory, 'cut-off.parquet');
  await writeFile(cut, bytes.subarray(0, bytes.length - 100));
  await expect(imported(there, cut)).rejects.toThrow(/cut-off.parquet/);
  const flipped = join(directory, 'flipped.parquet');
  for (let at = 4; at < bytes.length; at += Math.ceil(bytes.length / 6)) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await writeFile(flipped, damaged);
    const outcome = await imported(there, flipped).catch((error: unknown) => error);
    // Refused, or the flip hit what is no cell (statistics).
    if (!(outcome instanceof Error)) expect(await rowsOf(flipped)).toEqual(await rowsOf(file));
  }
});

function pinned(
  calls: EvaluationParts['services']['calls'],
): EvaluationParts['services']['calls']['identity'] {
  return async (model) => ({ ...(await calls.identity(model)), revision: 'r1' });
}
