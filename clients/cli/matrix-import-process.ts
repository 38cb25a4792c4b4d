/** Process entry: parses the foreign `matrix.parquet` that standard input names, and prints one JSON line per row. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { openForeignFile } from '../../activities/benchmarks/importers/foreign-file.ts';
import { readParquet } from '../../activities/benchmarks/importers/read-parquet.ts';
import { cellColumns, requiredColumns } from '../../activities/matrix/cell-row.ts';

/** A line of what this process prints; `failed` is the last, `done` says that there are no more rows. */
export type MatrixLine = { readonly row: unknown } | { readonly failed: string } | { readonly done: true };

try {
  const path = await text(process.stdin);
  const file = await openForeignFile(path);
  try {
    if (file.kind !== 'parquet') throw new Error(`${path} is no parquet file`);
    const columns = { known: cellColumns, required: requiredColumns };
    for await (const read of readParquet(file, columns, { keepReplacements: true }))
      await print({ row: 'value' in read ? read.value : null });
    await print({ done: true });
  } finally {
    await file.handle.close();
  }
} catch (error) {
  await print({ failed: (error as Error).message });
}

async function print(line: MatrixLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}
