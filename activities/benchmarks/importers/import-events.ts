/**
 * The stream behind an import: queries as they are read, rows that are left out, queries that are taken back when a later row
 * contradicts them, and the summary. Holds no query longer than it takes to hand it on.
 */
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import { failure, isFailure } from '../../failure.ts';
import type { Benchmark } from '../benchmark.ts';
import { createQuery } from '../query-id.ts';
import { benchmarkOf } from '../registry.ts';
import { hashFile } from './hash-file.ts';
import type { ImportConflict, ImportedFile, RejectedRow, RowPlace } from './import-report.ts';
import { type Importer, reasonOf } from './importer.ts';
import { importers } from './importers.ts';
import { createKnownQueries, type KnownQueries } from './known-queries.ts';
import { listFiles, type NamedFile } from './list-files.ts';
import { openRows, type ReadRow } from './read-rows.ts';
import { splitOf } from './split-of.ts';

export interface ImportRequest {
  /** A file; a directory where the benchmark comes as one; or files with the names that the report shall show. */
  readonly file: string | readonly NamedFile[];
  /** Registry name. */
  readonly source: string;
  /** Of all rows; else the row, its file's name or the benchmark's entry tells it, in this order. */
  readonly split?: string | undefined;
}

export type ImportEvent =
  | { readonly query: Query; readonly place: RowPlace }
  /** The id of a query handed on before. */
  | { readonly retracted: string }
  | { readonly rejected: RejectedRow }
  /** Last, once. */
  | { readonly summary: ImportSummary };

export interface ImportSummary {
  readonly files: readonly ImportedFile[];
  readonly rows: number;
  /** All rows that are no query, the duplicates and those in conflict among them. */
  readonly rejectedCount: number;
  readonly duplicates: number;
  readonly conflictCount: number;
  readonly conflictRows: number;
  readonly conflicts: readonly ImportConflict[];
}

/** What a reader of the events has to hold. */
const maxQueryBytes = 512 * 1024 ** 2;
/** Rows without a query among them, after which the file is taken for another one. */
const maxUseless = 10_000;

/** Throws `Input.Invalid` when a file cannot be read. In a directory that is a row left out, as long as one file can be read. */
export async function* importEvents(request: ImportRequest): AsyncGenerator<ImportEvent> {
  const { file, source, split } = request;
  const benchmark = benchmarkOf(source);
  if (benchmark.importer === 'generated')
    throw failure('Input.Invalid', `${source} is generated: it has no file`);
  const importer = importers[benchmark.importer];
  const listed = typeof file === 'string' ? await listFiles(file, importer.directory) : file;
  const mayFail = typeof file === 'string' && listed.length > 1;
  const importing = { benchmark, importer, split, known: createKnownQueries(), ...emptyCounts() };
  let unread: unknown;
  for (const named of listed) {
    try {
      yield* eventsOf(named, importing);
    } catch (error) {
      if (!mayFail || !isFailure(error, 'Input.Invalid')) throw error;
      unread ??= error;
      importing.rows += 1;
      yield reject(importing, { file: named.name, line: 1 }, error);
    }
  }
  if (importing.files.length === 0 && unread !== undefined) throw unread as Error;
  yield { summary: summaryOf(importing) };
}

interface Importing extends ReturnType<typeof emptyCounts> {
  readonly benchmark: Benchmark;
  readonly importer: Importer;
  readonly split: string | undefined;
  readonly known: KnownQueries;
}

function emptyCounts() {
  const files: ImportedFile[] = [];
  return { files, rows: 0, rejected: 0, duplicates: 0, bytes: 0 };
}

async function* eventsOf({ path, name }: NamedFile, importing: Importing): AsyncGenerator<ImportEvent> {
  const opened = await openRows(path, importing.importer.columns);
  const before = importing.rows;
  try {
    for await (const row of opened.rows) {
      importing.rows += 1;
      yield* rowEvents(row, name, importing);
    }
  } finally {
    await opened.close();
  }
  const { format, bytes } = opened;
  importing.files.push({ name, sha256: await hashFile(path), bytes, format, rows: importing.rows - before });
}

function* rowEvents(row: ReadRow, file: string, importing: Importing): Generator<ImportEvent> {
  const place = { file, line: row.line };
  try {
    if ('reason' in row) throw new Error(row.reason);
    const query = queryOf(row.value, file, importing);
    const seen = importing.known.add(query, place);
    if (seen.status === 'new') {
      importing.bytes += query.text.length + JSON.stringify(query.gold).length;
      if (importing.bytes > maxQueryBytes)
        throw failure('Input.Invalid', `it holds more than ${maxQueryBytes} characters of queries: split it`);
      yield { query, place };
      return;
    }
    if (seen.status === 'duplicate') {
      importing.duplicates += 1;
      throw new Error(`the same query stands above, at ${at(seen.of, file)}`);
    }
    const contradicts = new Error(`the same query stands at ${at(seen.with, file)} with another gold`);
    if (seen.retract) {
      yield { retracted: seen.retract.id };
      const contradicted = `the same query stands at ${at(place, seen.retract.place.file)} with another gold`;
      yield reject(importing, seen.retract.place, new Error(contradicted));
    }
    throw contradicts;
  } catch (error) {
    if (isFailure(error, 'Input.Invalid')) throw error;
    yield reject(importing, place, error as Error);
    const { files, rows, rejected, benchmark } = importing;
    if (files.length === 0 && rejected === rows && rows >= maxUseless)
      throw failure(
        'Input.Invalid',
        `none of the first ${rows} rows is one of ${benchmark.title}; the last: ${(error as Error).message}`,
      );
  }
}

function at({ file, line }: RowPlace, from: string): string {
  return file === from ? `line ${line}` : `${file}:${line}`;
}

function reject(importing: Importing, place: RowPlace, { message }: Error): ImportEvent {
  importing.rejected += 1;
  return { rejected: { ...place, reason: message } };
}

function queryOf(value: unknown, file: string, { benchmark, importer, split }: Importing): Query {
  const { name: source, licence } = benchmark;
  const { split: ofRow, ...fields } = importer.read(value, file);
  const query = createQuery({
    source,
    subject: '',
    split: split ?? ofRow ?? splitOf(file) ?? benchmark.split,
    licence,
    ...fields,
  });
  const checked = querySchema.safeParse(query);
  if (!checked.success) throw new Error(reasonOf(checked.error.issues));
  return query;
}

function summaryOf({ files, rows, rejected, duplicates, known }: Importing): ImportSummary {
  const { conflictCount, conflictRows, conflicts } = known;
  return { files, rows, rejectedCount: rejected, duplicates, conflictCount, conflictRows, conflicts };
}
