/** The report that is stored beside the queries of an import. */
import { createHash } from 'node:crypto';
import { benchmarkOf } from '../registry.ts';
import {
  type HubOrigin,
  type ImportedFile,
  type ImportReport,
  importReportSchema,
  maxListedRejected,
} from './import-report.ts';
import type { ImportedQueries } from './import-queries.ts';

const maxListedFiles = 500;

export function describeImport(
  source: string,
  { queries, rejected, rejectedCount, duplicates, ...imported }: ImportedQueries,
  { sha256, hub }: { readonly sha256: string; readonly hub?: HubOrigin | undefined },
): ImportReport {
  const { version, licence } = benchmarkOf(source);
  return importReportSchema.parse({
    v: 1,
    source,
    version,
    licence,
    queries: { sha256, count: queries.length },
    files: summed(imported.files),
    ...(hub ? { hub } : {}),
    rows: imported.rows,
    rejected: { count: rejectedCount, listed: rejected.slice(0, maxListedRejected) },
    duplicates,
    conflicts: {
      count: imported.conflictCount,
      rows: imported.conflictRows,
      listed: imported.conflicts,
    },
  });
}

/** Thousands of files of one problem each are listed as one: its digest is that of the lines `SHA256  NAME`. */
function summed(files: readonly ImportedFile[]): readonly ImportedFile[] {
  if (files.length <= maxListedFiles) return files;
  const hash = createHash('sha256');
  for (const { sha256, name } of files) hash.update(`${sha256}  ${name}\n`);
  const sum = (of: (file: ImportedFile) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  return [
    {
      name: `${files.length} files`,
      sha256: hash.digest('hex'),
      bytes: sum(({ bytes }) => bytes),
      format: [...new Set(files.map(({ format }) => format))].join(', '),
      rows: sum(({ rows }) => rows),
    },
  ];
}
