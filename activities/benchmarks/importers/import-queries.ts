/** Upstream files become queries. A bad row is reported with its file, line and reason, and left out; the rest is kept. */
import type { Query } from '../../../workflows/shared/query.ts';
import { type ImportEvent, importEvents, type ImportRequest, type ImportSummary } from './import-events.ts';
import type { RejectedRow } from './import-report.ts';

export interface ImportedQueries extends ImportSummary {
  /** In the order of the files. */
  readonly queries: readonly Query[];
  /** At most 10,000, by file and line; `rejectedCount` counts all. */
  readonly rejected: readonly RejectedRow[];
}

const maxRejected = 10_000;

/**
 * Throws `Input.Invalid` when the file cannot be read, is empty, or the benchmark has no file. Foreign files are read in a process of
 * their own (clients/cli/import-file.ts); here only what is trusted.
 */
export function importQueries(request: ImportRequest): Promise<ImportedQueries> {
  return collectImport(importEvents(request));
}

/** Throws when the events end without a summary. */
export async function collectImport(events: AsyncIterable<ImportEvent>): Promise<ImportedQueries> {
  const queries = new Map<string, Query>();
  const rejected: RejectedRow[] = [];
  let summary: ImportSummary | undefined;
  for await (const event of events) {
    if ('query' in event) queries.set(event.query.id, event.query);
    else if ('retracted' in event) queries.delete(event.retracted);
    else if ('summary' in event) summary = event.summary;
    else if (rejected.length < maxRejected) rejected.push(event.rejected);
  }
  if (!summary) throw new Error('the import ended before its summary');
  const order = new Map(summary.files.map(({ name }, index) => [name, index]));
  const position = ({ file }: RejectedRow): number => order.get(file) ?? order.size;
  return {
    ...summary,
    queries: [...queries.values()],
    rejected: rejected.toSorted((a, b) => position(a) - position(b) || a.line - b.line),
  };
}
