/** `masgpt training models [RUN]`: finished models, newest first, with their cards, and whether they are served now. */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { type FinishedModel, listModels } from '../../../activities/training/list-models.ts';
import { isServed, servedName } from '../../dev/serve/served-model.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { columns } from '../columns.ts';
import { nameOf } from './operator-flags.ts';

export default defineCommand({
  meta: { name: 'models', description: 'Finished models: what `masgpt serve RUN` can serve' },
  args: {
    ...commonArgs,
    run: { type: 'positional', description: 'Only those of this run', required: false },
  },
  run: ({ args }) =>
    runCommand(args, (context) => models(context, args.run === undefined ? undefined : nameOf(args.run))),
});

async function models(context: CommandContext, name: string | undefined): Promise<unknown> {
  const { database, config, output } = context;
  const home = resolve(config.home);
  const filter = name === undefined ? {} : { run: `training/${name}` };
  const found = await listModels(database, join(home, 'training'), filter);
  const listed = await Promise.all(
    found.map(async (model) => ({
      ...model,
      // The newest of a run is the one that is served.
      served:
        found.find(({ run }) => run === model.run) === model &&
        (await isServed(home, servedName(shortOf(model)))),
    })),
  );
  const rows = listed.map((model) => [
    ...[shortOf(model), model.sha256.slice(0, 12), model.dataset ?? model.datasetSha256.slice(0, 12)],
    ...[model.recipe, String(model.steps ?? '?'), model.finalLoss?.toPrecision(3) ?? ''],
    ...[sizeOf(model), model.finishedAt.toISOString().slice(0, 19), model.served ? 'served' : ''],
  ]);
  const head = ['RUN', 'MODEL', 'DATASET', 'RECIPE', 'STEPS', 'LOSS', 'SIZE', 'FINISHED (UTC)', ''];
  output.print(rows.length === 0 ? 'no finished model' : columns([head, ...rows]));
  if (name !== undefined)
    for (const { card, sha256 } of listed)
      output.print(`card of ${sha256.slice(0, 12)}: ${card ?? 'none here'}`);
  return { models: listed };
}

const shortOf = ({ run }: FinishedModel): string => run.replace(/^training\//, '');

function sizeOf({ bytes }: FinishedModel): string {
  return bytes === null ? 'not here' : `${(bytes / 1e6).toFixed(1)} MB`;
}
