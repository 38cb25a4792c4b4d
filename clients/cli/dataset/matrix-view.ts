/** `masgpt dataset matrix view NAME --html FILE`: which program each group got and why, as a table and as a page. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { type SelectionReport, selectionReportSchema } from '../../../workflows/dataset/selection-report.ts';
import { percent, pValue } from '../../report/figures.ts';
import { renderSelection } from '../../report/selection/render-selection.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { finishedDataset } from './finished-dataset.ts';

export default defineCommand({
  meta: { name: 'view', description: 'Show the scores, what was selected, and why' },
  args: {
    ...commonArgs,
    name: { type: 'positional', description: 'Name of the dataset', required: true },
    html: { type: 'string', description: 'Write it as one HTML file, too', valueHint: 'file' },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      const { name, result } = await finishedDataset(context, args.name);
      if (result.selectionReport === undefined) {
        throw new CommandFailed(`dataset "${name}" was built by a release that wrote no selection report`, {
          remedy: 'build it again under another name: its executions are stored and cost nothing',
        });
      }
      const blobs = createDirectoryBlobs(join(resolve(context.config.home), 'blobs'));
      const report = selectionReportSchema.parse(JSON.parse(await blobs.getText(result.selectionReport)));
      for (const line of textOf(report)) context.output.print(line);
      if (args.html !== undefined) {
        const { run, simulated } = result;
        await writeFile(args.html, renderSelection({ run, report, simulated }));
        context.output.print(args.html);
      }
      return { report, ...(args.html === undefined ? {} : { html: resolve(args.html) }) };
    }),
});

type Race = NonNullable<SelectionReport['race']>;

function textOf(report: SelectionReport): string[] {
  const { overall, permutation, crossFit, race } = report;
  const rows = report.groups.map(({ group, queries, chosen, why, inSample, crossFitted }) => [
    ...[group, String(queries), chosen === null ? 'none' : (report.programs[chosen] ?? ''), why],
    ...[percent(inSample.mean), `${percent(inSample.low)}-${percent(inSample.high)}`],
    crossFitted === null ? '' : percent(crossFitted.mean),
  ]);
  const head = ['GROUP', 'QUERIES', 'PROGRAM', 'WHY', 'CHOSE', '95 %', 'WORTH'];
  const lines = [columns([head, ...rows])];
  if (race) lines.push(...raceLines(report, race));
  if (overall.crossFitted !== null)
    lines.push(
      `selected programs score ${percent(overall.inSample)} on the draws that chose them and ${percent(overall.crossFitted)} on the others (halves of the ${crossFit})`,
    );
  if (permutation)
    lines.push(
      `groups ${percent(permutation.grouped)}, random groups of the same sizes ${percent(permutation.random)}, one program for all ${percent(permutation.single)}: p = ${pValue(permutation.p)}`,
    );
  return lines;
}

function raceLines({ groups, programs }: SelectionReport, { cells, of }: Race): string[] {
  const dropped = groups.flatMap(({ group, scores }) =>
    scores.flatMap((score, program) =>
      score.dropped
        ? [[group, programs[program] ?? '', String(score.dropped.look), String(score.dropped.queries)]]
        : [],
    ),
  );
  const left = `the race asked for ${cells} of ${of} executions, ${percent(1 - cells / of)} % fewer`;
  return dropped.length === 0
    ? [left]
    : [left, columns([['GROUP', 'DROPPED OUT', 'AT LOOK', 'AFTER QUERIES'], ...dropped])];
}
