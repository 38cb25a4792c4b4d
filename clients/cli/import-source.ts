/**
 * One benchmark's files, of this machine or of a hub, become a blob of queries and a blob of the report on them. Parsing happens in the
 * import process; tests in Python are compiled in the sandbox, and queries whose tests do not compile are left out.
 */
import { join, resolve } from 'node:path';
import { findBrokenTests } from '../../activities/benchmarks/check-tests.ts';
import { describeImport } from '../../activities/benchmarks/importers/describe-import.ts';
import { type ImportedQueries, leaveOut } from '../../activities/benchmarks/importers/import-queries.ts';
import type { HubOrigin, ImportReport } from '../../activities/benchmarks/importers/import-report.ts';
import { benchmarkOf } from '../../activities/benchmarks/registry.ts';
import { isFailure } from '../../activities/failure.ts';
import type { Sandbox } from '../../activities/sandbox/sandbox.ts';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import type { LocalContext } from './command.ts';
import { CommandFailed } from './errors.ts';
import { fetchDataset, hubOf } from './hub/fetch-dataset.ts';
import { isHubReference, parseHubReference } from './hub/hub-reference.ts';
import { importFile } from './import-file.ts';
import { openLocalSandbox } from './program/local-sandbox.ts';

export interface SourceToImport {
  /** Registry name of a benchmark that has files. */
  readonly source: string;
  /** A file, a directory where the benchmark comes as one, or `hf:OWNER/NAME[@REVISION][:PATH]`. */
  readonly location: string;
  /** Of all rows, and of the hub's files when the location names no path. */
  readonly split?: string | undefined;
}

export interface ImportedSource {
  /** Blob of `Query` lines. */
  readonly sha256: string;
  /** Blob of the report. */
  readonly reportSha256: string;
  readonly report: ImportReport;
  readonly imported: ImportedQueries;
}

type Context = Pick<LocalContext, 'config' | 'output'> & Partial<Pick<LocalContext, 'signal'>>;

/** Throws `CommandFailed` when nothing can be read, or no row is valid; `UsageError` for a reference that is none. */
export async function importSource(context: Context, wanted: SourceToImport): Promise<ImportedSource> {
  const { source, location, split } = wanted;
  const { file, hub } = await locate(context, wanted);
  const read = await importFile({ file, source, split });
  const imported = await withoutBrokenTests(context, read);
  if (imported.queries.length === 0) {
    const [first] = imported.rejected;
    const why = first ? `; the first: ${first.file}:${first.line}: ${first.reason}` : '';
    throw new CommandFailed(`${location}: there is no valid row in it${why}`);
  }
  const blobs = createDirectoryBlobs(join(resolve(context.config.home), 'blobs'));
  const sha256 = await blobs.put(imported.queries.map((query) => `${JSON.stringify(query)}\n`).join(''));
  const report = describeImport(source, imported, { sha256, hub });
  const reportSha256 = await blobs.put(`${JSON.stringify(report)}\n`);
  return { sha256, reportSha256, report, imported };
}

async function locate(context: Context, { source, location, split }: SourceToImport) {
  if (!isHubReference(location)) return { file: resolve(location) };
  const { config, output, signal } = context;
  const { files, origin } = await fetchDataset(
    hubOf(config, process.env, signal),
    parseHubReference(location),
    {
      home: resolve(config.home),
      split: split ?? benchmarkOf(source).split,
      note: (text) => output.note(text),
    },
  );
  return { file: files, hub: origin satisfies HubOrigin };
}

async function withoutBrokenTests(context: Context, imported: ImportedQueries): Promise<ImportedQueries> {
  let sandbox: Sandbox | undefined;
  try {
    const broken = await findBrokenTests(imported.queries, async () => {
      sandbox ??= await openLocalSandbox(context);
      return sandbox;
    });
    return leaveOut(imported, broken);
  } catch (error) {
    if (!isFailure(error, 'Sandbox.Unavailable')) throw error;
    context.output.note(`the tests of the queries were not compiled: ${(error as Error).message}`);
    return imported;
  } finally {
    await sandbox?.[Symbol.asyncDispose]();
  }
}
