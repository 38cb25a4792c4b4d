/** `--benchmark NAME=FILE[,NAME=FILE…]`: imports each file to a blob, says what was malformed, and answers references. */
import { benchmarkOf } from '../../activities/benchmarks/registry.ts';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { join, resolve } from 'node:path';
import type { LocalContext } from './command.ts';
import { CommandFailed, UsageError } from './errors.ts';
import { importFile } from './import-file.ts';

export interface ImportedBenchmark {
  readonly name: string;
  /** Absent for generated problems. */
  readonly sha256?: string;
  /** Valid rows; absent for generated problems. */
  readonly rows?: number;
}

const maxShown = 10;

export async function importBenchmarks(
  { config, output }: Pick<LocalContext, 'config' | 'output'>,
  flags: string | readonly string[],
): Promise<ImportedBenchmark[]> {
  const blobs = createDirectoryBlobs(join(resolve(config.home), 'blobs'));
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
    const { queries, rejected } = await importFile({ file: resolve(file), source: known });
    for (const { line, reason } of rejected.slice(0, maxShown)) output.note(`${file}:${line}: ${reason}`);
    if (rejected.length > maxShown) output.note(`${file}: and ${rejected.length - maxShown} more lines`);
    if (rejected.length > 0)
      output.note(`${file}: ${rejected.length} lines left out, ${queries.length} kept`);
    if (queries.length === 0) throw new CommandFailed(`${file}: there is no valid row in it`);
    const sha256 = await blobs.put(queries.map((query) => `${JSON.stringify(query)}\n`).join(''));
    imported.push({ name: known, sha256, rows: queries.length });
  }
  return imported;
}

function benchmarkNamed(name: string) {
  try {
    return benchmarkOf(name);
  } catch (error) {
    throw new UsageError(`--benchmark ${name}: ${(error as Error).message}`);
  }
}
