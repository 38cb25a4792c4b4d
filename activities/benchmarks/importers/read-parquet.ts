/**
 * Parquet, one row group at a time, and only the columns that the benchmark has. What the file says about itself is checked before it
 * is believed: its schema, its sizes, its rows. The reading process is watched from outside for the memory it takes.
 */
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { failure } from '../../failure.ts';
import { maxExpandedBytes, unsuspiciousBytes } from './expand.ts';
import type { ForeignFile } from './foreign-file.ts';
import type { Columns } from './importer.ts';
import { boundedCompressors } from './parquet-compressors.ts';
import { plainRow } from './parquet-row.ts';
import type { ReadRow } from './read-rows.ts';

const maxFooterBytes = 16 * 1024 ** 2;
const maxSchemaElements = 1_000;
const maxRowGroups = 100_000;
const maxGroupRows = 1_000_000;
/** Of the columns read in one row group. */
const maxGroupBytes = 256 * 1024 ** 2;
/** Of the rows' texts to the file: a dictionary holds a repeated text once. */
const maxParquetRatio = 2_000;

/**
 * Throws `Input.Invalid` for a file that is broken, too big in its parts, or without the benchmark's columns. A row with U+FFFD is
 * taken for broken UTF-8 unless `keepReplacements`.
 */
export async function* readParquet(
  file: ForeignFile,
  columns: Columns,
  options: { readonly keepReplacements?: boolean } = {},
): AsyncGenerator<ReadRow> {
  const { path } = file;
  const buffer = asyncBufferOf(file);
  const metadata = await orInvalid(path, async () => {
    await checkFooter(file);
    const found = await parquetMetadataAsync(buffer, { geoparquet: false });
    checkDeclared(found, file.size);
    return found;
  });
  const chosen = columnsIn(metadata, columns, path);
  let rowStart = 0;
  let expanded = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const start = rowStart;
    const rows = await orInvalid(path, async () => {
      checkGroup(group, chosen);
      return parquetReadObjects({
        file: buffer,
        metadata,
        columns: chosen,
        rowStart: start,
        rowEnd,
        compressors: boundedCompressors(maxGroupBytes),
        geoparquet: false,
      });
    });
    for (const [index, row] of rows.entries()) {
      const { value, isBroken, characters } = plainRow(row);
      expanded += characters;
      if (expanded > unsuspiciousBytes && expanded > Math.min(maxExpandedBytes, file.size * maxParquetRatio))
        throw failure(
          'Input.Invalid',
          `${path} expands to more than ${expanded} bytes from ${file.size}: refused`,
        );
      const refused = isBroken && options.keepReplacements !== true;
      yield { line: start + index + 1, ...(refused ? { reason: 'it is not valid UTF-8' } : { value }) };
    }
    rowStart = rowEnd;
  }
}

type RowGroup = FileMetaData['row_groups'][number];

function asyncBufferOf({ handle, size }: ForeignFile): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = end - start;
      if (!(start >= 0 && end <= size && bytes >= 0))
        throw new Error(`a part lies at ${start} to ${end}, outside of the file`);
      if (bytes > maxGroupBytes) throw new Error(`a part of ${bytes} bytes is read at once`);
      const part = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(part, 0, bytes, start);
      if (bytesRead !== bytes) throw new Error('the file became shorter while it was read');
      return part.buffer;
    },
  };
}

async function checkFooter({ handle, size }: ForeignFile): Promise<void> {
  if (size < 12) throw new Error('it is shorter than an empty parquet file');
  const tail = Buffer.alloc(8);
  await handle.read(tail, 0, 8, size - 8);
  if (tail.toString('latin1', 4) !== 'PAR1')
    throw new Error('its end is missing: was it downloaded in full?');
  const bytes = tail.readUInt32LE(0);
  if (bytes > Math.min(maxFooterBytes, size - 8)) throw new Error(`its footer claims ${bytes} bytes`);
}

function checkDeclared({ schema, row_groups: groups, num_rows: rows }: FileMetaData, size: number): void {
  if (schema.length > maxSchemaElements) throw new Error(`its schema has ${schema.length} elements`);
  if (groups.length > maxRowGroups) throw new Error(`it has ${groups.length} row groups`);
  const sum = groups.reduce((total, group) => total + group.num_rows, 0n);
  if (sum !== rows) throw new Error(`it claims ${rows} rows, and its row groups ${sum}`);
  for (const { num_rows: count, columns } of groups) {
    if (count < 0n || count > BigInt(maxGroupRows)) throw new Error(`a row group claims ${count} rows`);
    for (const { meta_data: data } of columns)
      if (data && (data.total_compressed_size < 0n || data.total_compressed_size > BigInt(size)))
        throw new Error(`a column claims ${data.total_compressed_size} bytes of a file of ${size}`);
  }
}

function checkGroup({ columns }: RowGroup, chosen: readonly string[]): void {
  const bytes = columns
    .filter(({ meta_data: data }) => chosen.includes(data?.path_in_schema[0] ?? ''))
    .reduce((total, { meta_data: data }) => total + Number(data?.total_uncompressed_size ?? 0), 0);
  if (bytes < 0 || bytes > maxGroupBytes)
    throw new Error(`a row group expands to ${bytes} bytes: write it with smaller row groups`);
}

function columnsIn({ schema }: FileMetaData, { known, required }: Columns, path: string): string[] {
  const names = new Set(topLevel(schema));
  const missing = required.filter((name) => !names.has(name));
  if (missing.length > 0)
    throw failure(
      'Input.Invalid',
      `${path}: it has no column ${missing.join(', ')}; there are ${[...names].slice(0, 20).join(', ')}`,
    );
  return known.filter((name) => names.has(name));
}

/** The schema is a tree in pre-order. */
function topLevel(schema: FileMetaData['schema']): string[] {
  const names: string[] = [];
  let below = 0;
  for (const { name, num_children: children = 0 } of schema.slice(1)) {
    if (below === 0) names.push(name);
    below = Math.max(0, below - 1) + children;
  }
  return names;
}

/** Whatever the reader throws is the file's fault. */
async function orInvalid<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw failure(
      'Input.Invalid',
      `${path} is a parquet file that cannot be read: ${(error as Error).message.slice(0, 200)}`,
    );
  }
}
