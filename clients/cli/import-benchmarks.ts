/**
 * `--benchmark NAME=FILE[,NAME=FILE…]`: imports each to a blob, says what was left out, and answers references. FILE may be a dataset of
 * a hub: `hf:OWNER/NAME[@REVISION][:PATH]`.
 */
import type { ImportReport } from '../../activities/benchmarks/importers/import-report.ts';
import { benchmarkOf } from '../../activities/benchmarks/registry.ts';
import type { LocalContext } from './command.ts';
import { UsageError } from './errors.ts';
import { importSource } from './import-source.ts';

export interface ImportedBenchmark {
  readonly name: string;
  /** Absent for generated problems. */
  readonly sha256?: string;
  /** Valid rows; absent for generated problems. */
  readonly rows?: number;
  /** Blob of the `ImportReport`; absent for generated problems. */
  readonly reportSha256?: string;
}

const maxShown = 10;

export async function importBenchmarks(
  context: Pick<LocalContext, 'config' | 'output'> & Partial<Pick<LocalContext, 'signal'>>,
  flags: string | readonly string[],
): Promise<ImportedBenchmark[]> {
  const named = [flags]
    .flat()
    .flatMap((flag) => flag.split(','))
    .filter((part) => part !== '');
  if (named.length === 0)
    throw new UsageError('--benchmark: name at least one, as in gsm8k=FILE or generated-test');
  const imported: ImportedBenchmark[] = [];
  for (const part of named) {
    const [name = '', ...rest] = part.split('=');
    const file = rest.join('=');
    const { name: known, importer } = benchmarkNamed(name);
    if (file === '') {
      if (importer !== 'generated')
        throw new UsageError(`--benchmark ${name}: name its file, as in ${name}=FILE`);
      imported.push({ name: known });
      continue;
    }
    const { sha256, reportSha256, report } = await importSource(context, { source: known, location: file });
    showLeftOut(context, file, report);
    imported.push({ name: known, sha256, rows: report.queries.count, reportSha256 });
  }
  return imported;
}

/** The first rows that were left out, and how many there are. */
export function showLeftOut(
  { output }: Pick<LocalContext, 'output'>,
  location: string,
  { rejected, duplicates, conflicts, queries }: ImportReport,
): void {
  for (const { file, line, reason } of rejected.listed.slice(0, maxShown))
    output.note(`${file}:${line}: ${reason}`);
  if (rejected.count > maxShown) output.note(`${location}: and ${rejected.count - maxShown} more rows`);
  if (rejected.count === 0) return;
  const kinds = [
    ...(duplicates > 0 ? [`${duplicates} duplicates`] : []),
    ...(conflicts.rows > 0 ? [`${conflicts.rows} in ${conflicts.count} conflicts`] : []),
  ];
  const among = kinds.length > 0 ? ` (${kinds.join(', ')})` : '';
  output.note(`${location}: ${rejected.count} rows left out${among}, ${queries.count} kept`);
}

function benchmarkNamed(name: string) {
  try {
    return benchmarkOf(name);
  } catch (error) {
    throw new UsageError(`--benchmark ${name}: ${(error as Error).message}`);
  }
}
