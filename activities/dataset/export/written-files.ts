/** The files of a dataset as they are written: blobs with their sizes and rows, in the order in which they were finished. */
import type { Blobs } from '../../storage/blobs.ts';
import type { CardFile } from '../card.ts';
import { openParquet, type Columns, type Row } from './parquet.ts';

export interface WrittenFiles {
  /** `rows`: of data files. */
  put(name: string, data: string | Uint8Array, rows?: number): Promise<string>;
  /** One line of JSON per row; an empty file for no rows. */
  lines(name: string): Promise<RowFile<unknown>>;
  table<C extends Columns>(name: string, columns: C): Promise<RowFile<Row<C>>>;
  readonly files: Readonly<Record<string, CardFile>>;
}

/** A file that takes its rows one by one and keeps none; it is there once it is finished. */
export interface RowFile<R> extends AsyncDisposable {
  write(row: R): Promise<void>;
  finish(): Promise<void>;
}

export function createWrittenFiles(blobs: Blobs): WrittenFiles {
  const files: Record<string, CardFile> = {};
  return {
    files,
    async put(name, data, rows) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      const sha256 = await blobs.put(bytes);
      files[name] = { sha256, bytes: bytes.byteLength, rows: rows ?? null };
      return sha256;
    },
    async lines(name) {
      const blob = await blobs.open();
      let rows = 0;
      return {
        async write(row) {
          rows += 1;
          await blob.write(`${JSON.stringify(row)}\n`);
        },
        finish: async () => void (files[name] = { ...(await blob.finish()), rows }),
        [Symbol.asyncDispose]: () => blob[Symbol.asyncDispose](),
      };
    },
    async table(name, columns) {
      const blob = await blobs.open();
      const parquet = openParquet(columns, blob);
      let rows = 0;
      return {
        async write(row) {
          rows += 1;
          await parquet.write(row);
        },
        async finish() {
          await parquet.finish();
          files[name] = { ...(await blob.finish()), rows };
        },
        [Symbol.asyncDispose]: () => blob[Symbol.asyncDispose](),
      };
    },
  };
}
