/** `masgpt training report RUN`: a run as one HTML page, finished or not: loss with its restarts, attempts over time, checkpoints, operators. */
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { stringify } from 'yaml';
import { showRun } from '../../../activities/storage/list-runs.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { surveyCheckpoints } from '../../../activities/training/checkpoints/survey.ts';
import { listOperations } from '../../../activities/training/operations.ts';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import { makeDirectory } from '../../make-directory.ts';
import { renderTraining } from '../../report/training/render-training.ts';
import type { TrainingReport } from '../../report/training/report-data.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { nameOf, runNameArg } from './operator-flags.ts';
import { readAttempts } from './read-attempts.ts';
import { readCurves } from './read-curves.ts';
import { findTraining } from './show.ts';

export default defineCommand({
  meta: { name: 'report', description: 'Write a run, finished or not, as one HTML page' },
  args: {
    ...commonArgs,
    run: runNameArg,
    html: {
      type: 'string',
      description: 'The file (default: HOME/reports/NAME.training.html)',
      valueHint: 'file',
    },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      const name = nameOf(args.run);
      const report = await gather(context, name);
      const path = resolve(args.html ?? join(context.config.home, 'reports', `${name}.training.html`));
      await makeDirectory(dirname(path));
      await writeFile(path, await renderTraining(report, Date.now()));
      context.output.print(path);
      const { run, state, step, attempts } = report;
      return { run, state, step, attempts: attempts.length, reportPath: path };
    }),
});

async function gather(context: CommandContext, name: string): Promise<TrainingReport> {
  const { database, config, client } = context;
  const row = await findTraining(context, name);
  const { run } = row;
  const root = join(resolve(config.home), 'training');
  const host = config.training.host ?? hostname();
  // A run that Temporal has forgotten still has its rows and files.
  const progress = await client.training.progress(name).catch(() => undefined);
  const view = progress?.training;
  const attempts = await readAttempts(database, run, view?.attempts ?? []);
  const curves = await readCurves(root, run, attempts, view?.losses ?? []);
  const input = row.input as { readonly dataset?: string; readonly recipe?: string };
  const result = row.result as TrainingResult | null;
  const dataset = view?.dataset ?? input.dataset ?? '';
  const source = await showRun(database, config.temporal.namespace, `dataset/${dataset}`);
  return {
    ...{ run, state: row.state === 'running' ? (progress?.state ?? row.state) : row.state },
    cause: progress?.cause || row.cause || '',
    ...{ step: progress?.done ?? result?.steps ?? 0, maxSteps: progress?.total ?? null },
    ...{ recipe: view?.recipe ?? input.recipe ?? '', dataset },
    simulated: (source?.result as { readonly simulated?: boolean } | null | undefined)?.simulated === true,
    ...{ artefact: result?.artefact ?? null, goodput: view?.goodput ?? null, attempts, curves },
    checkpoints: await surveyCheckpoints({ database, root, run, host }, false),
    operations: await listOperations(database, run),
    notices: view?.notices ?? [],
    recipeText: await recipeText(join(resolve(config.home), 'blobs'), row.input),
  };
}

async function recipeText(blobs: string, input: unknown): Promise<string> {
  const { recipeSha256 } = input as { readonly recipeSha256?: string };
  if (recipeSha256 === undefined) return '';
  return stringify(JSON.parse(await createDirectoryBlobs(blobs).getText(recipeSha256)));
}
