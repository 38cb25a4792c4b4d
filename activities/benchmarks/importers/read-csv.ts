/**
 * CSV as RFC 4180 has it, with or without a header, by csv-parse. Cells that are empty are absent. A row with another number of cells
 * is left out, since nobody can tell which cell is missing.
 */
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { failure } from '../../failure.ts';
import type { Columns } from './importer.ts';
import { maxJsonCharacters } from './parse-json.ts';
import type { ReadRow } from './read-rows.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Throws `Input.Invalid` when a quote is never closed, and when the first line is not a header but has to be one. */
export async function* readCsv(
  pieces: AsyncIterable<string>,
  columns: Columns,
  path: string,
): AsyncGenerator<ReadRow> {
  const parser = parse({
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: maxJsonCharacters,
  });
  const source = Readable.from(pieces);
  source.once('error', (error) => parser.destroy(error));
  let names: readonly string[] | undefined;
  let line = 1;
  try {
    for await (const parsed of source.pipe(parser)) {
      const { record, info } = parsed as Parsed;
      // The parser counts blank lines, too, and tells the line in which a record ends.
      const start = info.lines - newlinesIn(record);
      line = info.lines + 1;
      if (names === undefined) {
        const header = headerOf(record, columns);
        names = header ?? columns.positional;
        if (names === undefined) throw failure('Input.Invalid', noHeader(path, columns));
        if (header) continue;
      }
      yield { line: start, ...rowOf(record, names) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw failure(
      'Input.Invalid',
      `${path}:${line}: the row that begins here has no end within ${maxJsonCharacters} characters: is a quote left open?`,
    );
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function newlinesIn(record: readonly string[]): number {
  return record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
}

function headerOf(record: readonly string[], { required }: Columns): string[] | undefined {
  const names = record.map((cell) => cell.trim());
  return required.every((name) => names.includes(name)) ? names : undefined;
}

function noHeader(path: string, { required }: Columns): string {
  return `${path} is neither JSON nor CSV whose first line names the columns ${required.join(', ')}`;
}

function rowOf(record: readonly string[], names: readonly string[]) {
  if (record.length !== names.length)
    return { reason: `it has ${record.length} cells where ${names.length} belong` };
  if (record.some((cell) => cell.includes('\ufffd'))) return { reason: 'it is not valid UTF-8' };
  const cells = names.flatMap((name, index) =>
    record[index] === '' ? [] : [[name, record[index]] as const],
  );
  return { value: Object.fromEntries(cells) as unknown };
}
