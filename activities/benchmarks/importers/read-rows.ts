/**
 * Reads the rows of an upstream file by what is in it: parquet; or text, plain or gzip, that is JSON lines, one JSON array, one JSON
 * object, or CSV. No row is kept longer than it takes to hand it on; memory does not grow with the file.
 */
import { StringDecoder } from 'node:string_decoder';
import { failure } from '../../failure.ts';
import { expand } from './expand.ts';
import { type ForeignFile, openForeignFile } from './foreign-file.ts';
import type { Columns } from './importer.ts';
import { readArray, readObjects } from './read-array.ts';
import { readCsv } from './read-csv.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readParquet } from './read-parquet.ts';

/** `line` counts from 1: a line of text, an element of an array, a row of parquet. */
export type ReadRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly reason: string };

interface Rows {
  /** "jsonl", "json", "csv", "parquet"; with ".gz" when compressed. */
  readonly format: string;
  readonly rows: AsyncIterable<ReadRow>;
}

export interface OpenRows extends Rows {
  /** Of the file, as it lies there. */
  readonly bytes: number;
  close(): Promise<void>;
}

const maxRows = 5_000_000;
const maxLeadingBlanks = 1024 ** 2;

/** The caller closes it. Throws `Input.Invalid` for a file that cannot be read. */
export async function openRows(path: string, columns: Columns): Promise<OpenRows> {
  const file = await openForeignFile(path);
  try {
    const { format, rows } = file.kind === 'parquet' ? parquetOf(file, columns) : await textOf(file, columns);
    return { format, rows: capped(rows, path), bytes: file.size, close: () => file.handle.close() };
  } catch (error) {
    await file.handle.close();
    throw error;
  }
}

function parquetOf(file: ForeignFile, columns: Columns): Rows {
  return { format: 'parquet', rows: readParquet(file, columns) };
}

async function textOf(file: ForeignFile, columns: Columns): Promise<Rows> {
  const pieces = decoded(expand(file));
  // The first character that is not blank tells the form.
  let head = '';
  while (head.trimStart() === '') {
    const next = await pieces.next();
    if (next.done || head.length > maxLeadingBlanks) throw failure('Input.Invalid', `${file.path} is empty`);
    head += next.value;
  }
  const text = prepended(head, pieces);
  const packed = file.kind === 'gzip' ? '.gz' : '';
  const [first] = head.trimStart();
  if (first === '[') return { format: `json${packed}`, rows: readArray(text, file.path) };
  if (first !== '{') return { format: `csv${packed}`, rows: readCsv(text, columns, file.path) };
  // An object over many lines opens with a brace and little else.
  const [line = ''] = head.trimStart().split('\n', 1);
  if (/^\{\s*(?:"[^"]*"\s*:\s*[[{]?\s*)?$/.test(line))
    return { format: `json${packed}`, rows: readObjects(text, file.path) };
  return { format: `jsonl${packed}`, rows: readJsonLines(text) };
}

async function* prepended(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** Without a byte order mark. What is not UTF-8 becomes U+FFFD, which the readers refuse row by row. */
async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let started = false;
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    if (text === '') continue;
    yield started ? text : text.replace(/^\ufeff/, '');
    started = true;
  }
  const rest = decoder.end();
  if (rest !== '') yield rest;
}

async function* capped(rows: AsyncIterable<ReadRow>, path: string): AsyncGenerator<ReadRow> {
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (count > maxRows)
      throw failure('Input.Invalid', `${path} has more than ${maxRows} rows: split the file`);
    yield row;
  }
}
