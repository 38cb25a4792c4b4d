/** Renders an evaluation's report.json as one HTML file beside its JSON. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import type { EvaluationResult } from '../../workflows/evaluation/contract.ts';
import { reportDataSchema } from '../../workflows/evaluation/report-data.ts';
import { renderReport } from '../report/render-report.ts';
import { makeDirectory } from '../make-directory.ts';
import type { LocalContext } from './command.ts';
import { CommandFailed } from './errors.ts';

/** Path of the HTML file. */
export async function writeReport(
  { config }: Pick<LocalContext, 'config'>,
  { run, files }: Pick<EvaluationResult, 'run' | 'files'>,
  out?: string,
): Promise<string> {
  const home = resolve(config.home);
  const sha256 = files['report.json'];
  if (sha256 === undefined) throw new CommandFailed(`${run} has no report`);
  const json = await createDirectoryBlobs(join(home, 'blobs')).getText(sha256);
  const directory = resolve(out ?? join(home, 'reports'));
  await makeDirectory(directory);
  const path = join(directory, `${run.slice(run.indexOf('/') + 1)}.html`);
  await writeFile(path, await renderReport(reportDataSchema.parse(JSON.parse(json))));
  await writeFile(path.replace(/html$/, 'json'), json);
  return path;
}
