/** An upstream file becomes queries. A malformed row is reported with its line and left out; the rest is kept. */
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import { failure } from '../../failure.ts';
import type { ImporterName } from '../benchmark.ts';
import { createQuery } from '../query-id.ts';
import { benchmarkOf } from '../registry.ts';
import { aqua } from './aqua.ts';
import { gsm8k } from './gsm8k.ts';
import { humaneval } from './humaneval.ts';
import { type Importer, reasonOf } from './importer.ts';
import { readRows } from './read-rows.ts';
import { rows } from './rows.ts';
import { scibench } from './scibench.ts';

export interface ImportedQueries {
  readonly queries: readonly Query[];
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
}

const importers: Readonly<Record<Exclude<ImporterName, 'generated'>, Importer>> = {
  gsm8k,
  humaneval,
  scibench,
  aqua,
  rows,
};

/** `source`: registry name. Throws `Input.Invalid` when the file cannot be read, is empty, or the benchmark has no file. */
export async function importQueries({
  file,
  source,
}: {
  readonly file: string;
  readonly source: string;
}): Promise<ImportedQueries> {
  const benchmark = benchmarkOf(source);
  if (benchmark.importer === 'generated')
    throw failure('Input.Invalid', `${source} is generated: it has no file`);
  const importer = importers[benchmark.importer];
  const queries = new Map<string, Query>();
  const rejected: { line: number; reason: string }[] = [];
  for await (const read of readRows(file)) {
    const { line } = read;
    try {
      if ('reason' in read) throw new Error(read.reason);
      const query = queryOf(importer, read.value, benchmark);
      if (queries.has(query.id)) throw new Error('the same query stands above');
      queries.set(query.id, query);
    } catch (error) {
      rejected.push({ line, reason: (error as Error).message });
    }
  }
  return { queries: [...queries.values()], rejected };
}

function queryOf(
  importer: Importer,
  value: unknown,
  { name, split, licence }: { readonly name: string; readonly split: string; readonly licence: string },
): Query {
  const query = createQuery({
    source: name,
    subject: '',
    split,
    licence,
    ...importer(value),
  });
  const checked = querySchema.safeParse(query);
  if (!checked.success) throw new Error(reasonOf(checked.error.issues));
  return query;
}
