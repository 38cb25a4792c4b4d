/** `masgpt dataset report NAME`: a finished build as one HTML page. */
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { sql } from 'kysely';
import { readPool } from '../../../activities/mas/pool.ts';
import type { Blobs } from '../../../activities/storage/blobs.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { fileOfSplit, splitNames } from '../../../workflows/dataset/export-contract.ts';
import { selectionReportSchema } from '../../../workflows/dataset/selection-report.ts';
import { makeDirectory } from '../../make-directory.ts';
import { renderDataset } from '../../report/dataset/render-dataset.ts';
import { type DatasetReport, type Failures, programFigures } from '../../report/dataset/report-data.ts';
import { commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { finishedDataset } from './finished-dataset.ts';

export default defineCommand({
  meta: { name: 'report', description: 'Write a finished build as one HTML page' },
  args: {
    ...commonArgs,
    name: { type: 'positional', description: 'Name of the dataset', required: true },
    html: {
      type: 'string',
      description: 'The file (default: HOME/reports/NAME.dataset.html)',
      valueHint: 'file',
    },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      const { name, result } = await finishedDataset(context, args.name);
      if (result.selectionReport === undefined) {
        throw new CommandFailed(`dataset "${name}" was built by a release that wrote no selection report`, {
          remedy: 'build it again under another name: its executions are stored and cost nothing',
        });
      }
      const home = resolve(context.config.home);
      const blobs = createDirectoryBlobs(join(home, 'blobs'));
      const selection = selectionReportSchema.parse(JSON.parse(await blobs.getText(result.selectionReport)));
      const report: DatasetReport = {
        ...{ result, selection, programs: programFigures(selection) },
        failures: await failuresOf(context.database, result.run),
        lengths: await lengthsOf(blobs, result.files),
      };
      const path = resolve(args.html ?? join(home, 'reports', `${name}.dataset.html`));
      await makeDirectory(dirname(path));
      await writeFile(path, await renderDataset(report));
      context.output.print(path);
      const { failures } = report;
      return { run: result.run, reportPath: path, programs: report.programs, failures };
    }),
});

/** Programs that are in the pool no more, or that the refiner wrote, are named by their first digits. */
async function failuresOf(database: Database, run: string): Promise<Failures[]> {
  const pool = await readPool();
  const names = new Map(pool.list().map(({ id, sha256 }) => [sha256, id]));
  const { rows } = await sql<{ program: string; kind: string | null; count: number }>`
    select program_sha256 as program, failure_kind as kind, count(*)::integer as count from executions
    where run = ${run} and status = 'failed' and driver not like 'control:%' group by 1, 2 order by 3 desc, 1, 2`.execute(
    database,
  );
  return rows.map(({ program, kind, count }) => ({
    ...{ kind: kind ?? '', count },
    program: names.get(program) ?? `adapted ${program.slice(0, 8)}`,
  }));
}

async function lengthsOf(
  blobs: Blobs,
  files: Readonly<Record<string, string>>,
): Promise<DatasetReport['lengths']> {
  const lengths = { query: [] as number[], reasoning: [] as number[], program: [] as number[] };
  for (const split of splitNames) {
    const sha256 = files[fileOfSplit('sft.jsonl', split)];
    if (sha256 === undefined) continue;
    for (const line of (await blobs.getText(sha256)).split('\n')) {
      if (line === '') continue;
      const { messages } = JSON.parse(line) as { messages: { role: string; content: string }[] };
      const of = (role: string): string => messages.find((message) => message.role === role)?.content ?? '';
      const response = of('assistant');
      const fence = response.indexOf('```');
      lengths.query.push(of('user').length);
      if (fence > 0) lengths.reasoning.push(response.slice(0, fence).trimEnd().length);
      lengths.program.push(response.length - Math.max(0, fence));
    }
  }
  return lengths;
}
