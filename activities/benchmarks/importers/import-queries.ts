/** Upstream files become queries. A bad row is reported with its file, line and reason, and left out; the rest is kept. */
import type { Query } from '../../../workflows/shared/query.ts';
import { type ImportEvent, importEvents, type ImportRequest, type ImportSummary } from './import-events.ts';
import type { RejectedRow, RowPlace } from './import-report.ts';

export interface ImportedQueries extends ImportSummary {
  /** In the order of the files. */
  readonly queries: readonly Query[];
  /** At most 10,000, by file and line; `rejectedCount` counts all. */
  readonly rejected: readonly RejectedRow[];
  /** Where queries with tests stand, by id: their tests may be found broken later. */
  readonly places: ReadonlyMap<string, RowPlace>;
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
  const places = new Map<string, RowPlace>();
  const rejected: RejectedRow[] = [];
  let summary: ImportSummary | undefined;
  for await (const event of events) {
    if ('query' in event) {
      const { query, place } = event;
      queries.set(query.id, query);
      if (query.gold.kind === 'code') places.set(query.id, place);
    } else if ('retracted' in event) queries.delete(event.retracted);
    else if ('summary' in event) summary = event.summary;
    else if (rejected.length < maxRejected) rejected.push(event.rejected);
  }
  if (!summary) throw new Error('the import ended before its summary');
  return {
    ...summary,
    queries: [...queries.values()],
    rejected: inFileOrder(rejected, summary),
    places,
  };
}

/** The import without some of its queries, which become rows left out. */
export function leaveOut(
  imported: ImportedQueries,
  broken: readonly { readonly id: string; readonly reason: string }[],
): ImportedQueries {
  const left = new Set(broken.map(({ id }) => id));
  const added = broken.flatMap(({ id, reason }) => {
    const place = imported.places.get(id);
    return place ? [{ ...place, reason }] : [];
  });
  return {
    ...imported,
    queries: imported.queries.filter(({ id }) => !left.has(id)),
    rejected: inFileOrder([...imported.rejected, ...added], imported),
    rejectedCount: imported.rejectedCount + broken.length,
  };
}

function inFileOrder(rejected: readonly RejectedRow[], { files }: ImportSummary): readonly RejectedRow[] {
  const order = new Map(files.map(({ name }, index) => [name, index]));
  const position = ({ file }: RejectedRow): number => order.get(file) ?? order.size;
  return rejected.toSorted((a, b) => position(a) - position(b) || a.line - b.line);
}
