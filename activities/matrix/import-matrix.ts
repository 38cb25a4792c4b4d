/**
 * Takes the cells of another site into this store: all of a file, or none of it. A row is refused when it is not a cell, when its key
 * is not what its columns make it, or when the store has the same cell with another outcome. What is imported never runs again here.
 */
import { failure } from '../failure.ts';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import { type CellRow, cellRowSchema, nameRows, type RowNames } from './cell-row.ts';
import { createCellsDigest, type Provenance } from './provenance.ts';
import { type CheckedRow, writeExecutions, writeScores } from './write-cells.ts';

export interface MatrixImport {
  /** "import/" and 12 digits of the file's sha256: the run that these cells say they come from. */
  readonly run: string;
  readonly rows: number;
  /** Cells that this store did not have. */
  readonly written: number;
  readonly alreadyThere: number;
  /** Cells that are being executed here right now, and were left alone. */
  readonly busy: number;
}

export interface MatrixSource {
  readonly fileSha256: string;
  readonly provenance: Provenance | undefined;
}

const rowsPerWrite = 500;
const maxShown = 20;

/** `rows`: as they were read, unchecked. Throws `Input.Invalid` with the first refused rows; nothing is written then. */
export async function importMatrix(
  database: Database,
  rows: AsyncIterable<unknown>,
  { fileSha256, provenance }: MatrixSource,
): Promise<MatrixImport> {
  const run = `import/${fileSha256.slice(0, 12)}`;
  return database.transaction().execute(async (transaction) => {
    const refused = createRefusals();
    const namesOf = nameRows();
    const digest = createCellsDigest();
    const counts = { rows: 0, written: 0, alreadyThere: 0, busy: 0 };
    let chunk: NumberedRow[] = [];
    const flush = async (): Promise<void> => {
      const merged = await merge(transaction, chunk, run, refused.add);
      counts.written += merged.written;
      counts.alreadyThere += merged.alreadyThere;
      counts.busy += merged.busy;
      chunk = [];
    };
    for await (const value of rows) {
      counts.rows += 1;
      const checked = check(value, namesOf);
      if (typeof checked === 'string') refused.add(counts.rows, checked);
      else {
        digest.add(checked.row);
        chunk.push({ number: counts.rows, ...checked });
      }
      if (chunk.length >= rowsPerWrite) await flush();
    }
    await flush();
    if (counts.rows === 0) throw failure('Input.Invalid', 'the file holds no cell');
    refused.throwIfAny(counts.rows);
    const cellsSha256 = digest.hex();
    if (provenance && provenance.cellsSha256 !== cellsSha256) {
      throw failure(
        'Input.Invalid',
        'the cells are not those that the provenance file describes: export them once more, or import without it',
      );
    }
    await record(transaction, run, { fileSha256, provenance }, { cellsSha256, ...counts });
    return { run, ...counts };
  });
}

interface NumberedRow extends CheckedRow {
  /** From 1. */
  readonly number: number;
}

/** The row, or why it is none. */
function check(value: unknown, namesOf: (row: CellRow) => RowNames): CheckedRow | string {
  const parsed = cellRowSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a cell'}`.replace(/^: /, '');
  }
  try {
    const { key, seed } = namesOf(parsed.data);
    if (key !== parsed.data.key) return 'its key is not the one that its columns make';
    JSON.parse(parsed.data.verdict);
    return { row: parsed.data, seed };
  } catch {
    return 'limits or verdict: no valid JSON of its kind';
  }
}

type Refuse = (number: number, reason: string) => void;

function createRefusals() {
  const shown: string[] = [];
  let count = 0;
  return {
    add(number: number, reason: string): void {
      count += 1;
      if (shown.length < maxShown) shown.push(`row ${number}: ${reason}`);
    },
    throwIfAny(rows: number): void {
      if (count === 0) return;
      const more = count > shown.length ? `; and ${count - shown.length} more` : '';
      throw failure(
        'Input.Invalid',
        `nothing was imported, since ${count} of ${rows} rows are refused: ${shown.join('; ')}${more}`,
      );
    },
  };
}

async function merge(database: Database, rows: readonly NumberedRow[], run: string, refuse: Refuse) {
  const counts = { written: 0, alreadyThere: 0, busy: 0 };
  if (rows.length === 0) return counts;
  const stored = await readStored(
    database,
    rows.map(({ row }) => row.key),
  );
  const executions = new Map<string, CheckedRow>();
  const scores = new Map<string, CellRow>();
  for (const { number, ...checked } of rows) {
    const { row } = checked;
    const known = stored.get(row.key);
    const twin = executions.get(row.key)?.row;
    if (twin) {
      if (!sameOutcome(asStored(twin), row))
        refuse(number, `${row.key} is twice in the file, with two outcomes`);
      else counts.alreadyThere += 1;
    } else if (!known || known.state === 'open') {
      executions.set(row.key, checked);
      scores.set(row.key, row);
      counts.written += 1;
    } else if (known.state === 'busy') counts.busy += 1;
    else if (!sameOutcome(known, row)) refuse(number, conflictOf(known, row));
    else {
      if (!known.scores.has(row.grader)) scores.set(row.key, row);
      counts.alreadyThere += 1;
    }
  }
  await writeExecutions(database, [...executions.values()], run);
  await writeScores(database, [...scores.values()]);
  return counts;
}

interface StoredCell {
  /** `open`: not executed to its end, and nobody executes it. */
  readonly state: 'ended' | 'busy' | 'open';
  readonly failure: string | null;
  readonly answer: string | null;
  /** By grader. */
  readonly scores: Map<string, number>;
}

async function readStored(database: Database, keys: readonly string[]): Promise<Map<string, StoredCell>> {
  const rows = await database
    .selectFrom('executions as e')
    .leftJoin('scores as s', 's.execution', 'e.key')
    .select(['e.key', 'e.status', 'e.failure_kind', 'e.answer', 'e.ended_at', 's.grader', 's.score'])
    .where('e.key', 'in', keys)
    .execute();
  const stored = new Map<string, StoredCell>();
  for (const row of rows) {
    const ended = row.status === 'answered' || row.status === 'failed';
    const cell: StoredCell = stored.get(row.key) ?? {
      state: ended ? 'ended' : row.status === 'running' && row.ended_at === null ? 'busy' : 'open',
      failure: row.status === 'failed' ? (row.failure_kind ?? 'raised') : null,
      answer: row.answer,
      scores: new Map(),
    };
    if (row.grader !== null && row.score !== null) cell.scores.set(row.grader, row.score);
    stored.set(row.key, cell);
  }
  return stored;
}

function asStored({ failure: kind, answer, grader, score }: CellRow): StoredCell {
  return {
    state: 'ended',
    failure: kind ?? null,
    answer: answer ?? null,
    scores: new Map([[grader, score]]),
  };
}

/** The same failure, and the same score by the same grader; where only another grader has scored it, the same answer. */
function sameOutcome(known: StoredCell, row: CellRow): boolean {
  if (known.failure !== (row.failure ?? null)) return false;
  const score = known.scores.get(row.grader);
  if (score !== undefined) return score === row.score;
  return (known.answer ?? '') === toText(row.answer ?? '');
}

function conflictOf(known: StoredCell, row: CellRow): string {
  const here = known.failure ?? `score ${known.scores.get(row.grader) ?? 'by another grader'}`;
  return `conflict: cell ${row.key} is ${here} here, and ${row.failure ?? `score ${row.score}`} in the file`;
}

async function record(
  database: Database,
  run: string,
  { fileSha256, provenance }: MatrixSource,
  counts: { readonly cellsSha256: string; readonly rows: number; readonly written: number },
): Promise<void> {
  await database
    .insertInto('matrix_imports')
    .values({
      run,
      file_sha256: fileSha256,
      cells_sha256: counts.cellsSha256,
      cells: counts.rows,
      written: counts.written,
      site: provenance?.site ?? null,
      release: provenance?.release ?? null,
      exported_at: provenance ? new Date(provenance.exportedAt) : null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
