/**
 * Parquet files of known columns: snappy, row groups of 5,000 rows, text as UTF-8. The bytes follow from the rows alone: no time,
 * and no version of ours, is in them.
 */
import { ByteWriter, ParquetWriter, type ParquetWriteOptions } from 'hyparquet-writer';
import type { BlobWriter } from '../../storage/blobs.ts';
import { wellFormed } from './sample.ts';

type SchemaElement = NonNullable<ParquetWriteOptions['schema']>[number];

/** `messages` is a list of { role, content }. Optional columns hold null where there is no value. */
export type ColumnType =
  | 'text'
  | 'optionalText'
  | 'texts'
  | 'messages'
  | 'number'
  | 'optionalNumber'
  | 'count'
  | 'flag';

export type Columns = Readonly<Record<string, ColumnType>>;

export type Row<C extends Columns> = Readonly<Record<keyof C, unknown>>;

/** Holds the rows of one group at a time. `finish` leaves it to the caller to finish the blob. */
export function openParquet<C extends Columns>(columns: C, blob: Pick<BlobWriter, 'write'>) {
  const names = Object.keys(columns) as (keyof C & string)[];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length },
    ...names.flatMap((name) => elementsOf(name, columns[name] as ColumnType)),
  ];
  const writer = Object.assign(new ByteWriter(), {
    async flush() {
      const bytes = writer.getBytes();
      writer.index = 0;
      await blob.write(bytes);
    },
    finish: () => writer.flush(),
  });
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'masgpt-temporal' });
  let group: Row<C>[] = [];
  const writeGroup = async (): Promise<void> => {
    const columnData = names.map((name) => ({
      name,
      data: group.map((row) => valueOf(row[name], columns[name] as ColumnType)),
    }));
    group = [];
    await parquet.write({ columnData, rowGroupSize: rowsPerGroup });
  };
  return {
    async write(row: Row<C>): Promise<void> {
      if (group.push(row) === rowsPerGroup) await writeGroup();
    },
    async finish(): Promise<void> {
      if (group.length > 0) await writeGroup();
      await parquet.finish();
    },
  };
}

const rowsPerGroup = 5_000;

const required = { repetition_type: 'REQUIRED' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;
const utf8 = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  switch (type) {
    case 'text':
      return [{ name, ...utf8, ...required }];
    case 'optionalText':
      return [{ name, ...utf8, ...optional }];
    case 'number':
      return [{ name, type: 'DOUBLE', ...required }];
    case 'optionalNumber':
      return [{ name, type: 'DOUBLE', ...optional }];
    case 'count':
      return [{ name, type: 'INT32', ...required }];
    case 'flag':
      return [{ name, type: 'BOOLEAN', ...required }];
    case 'texts':
      return [...listOf(name), { name: 'element', ...utf8, ...required }];
    case 'messages':
      return [
        ...listOf(name),
        { name: 'element', ...required, num_children: 2 },
        { name: 'role', ...utf8, ...required },
        { name: 'content', ...utf8, ...required },
      ];
  }
}

/** The three-level lists of the format's specification (LogicalTypes.md). */
function listOf(name: string): SchemaElement[] {
  return [
    { name, ...required, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ];
}

function valueOf(value: unknown, type: ColumnType): unknown {
  const isText = type === 'text' || type === 'optionalText';
  return isText && typeof value === 'string' ? wellFormed(value) : value;
}
