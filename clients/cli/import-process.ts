/** Process entry: `import-process FILE SOURCE` parses a foreign file and prints one JSON line per query or rejected row. */
import { once } from 'node:events';
import { importQueries } from '../../activities/benchmarks/importers/import-queries.ts';

/** A line of what this process prints; it prints `failed` alone, or everything else. */
export type ImportLine = { query: unknown } | { rejected: unknown } | { failed: string };

const [file = '', source = ''] = process.argv.slice(2);
try {
  const { queries, rejected } = await importQueries({ file, source });
  for (const query of queries) await print({ query });
  for (const row of rejected) await print({ rejected: row });
} catch (error) {
  await print({ failed: (error as Error).message });
}

async function print(line: ImportLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}
