/** `masgpt dataset compare A B C…`: builds side by side, from their stored results; the first is what the others are compared with. */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { type ComparedBuild, compareBuild } from '../../../activities/dataset/compare-builds.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { finishedDataset } from './finished-dataset.ts';

const build = { type: 'positional', description: 'A build, by name', required: false } as const;

export default defineCommand({
  meta: { name: 'compare', description: 'Builds side by side: ablations, refiners, settings' },
  args: {
    ...commonArgs,
    first: { ...build, required: true },
    ...{ second: build, third: build, fourth: build, fifth: build, sixth: build, seventh: build },
    eighth: build,
  },
  run: ({ args }) => {
    const { first, second, third, fourth, fifth, sixth, seventh, eighth } = args;
    const names = [first, second, third, fourth, fifth, sixth, seventh, eighth]
      .flatMap((name) => name?.split(',') ?? [])
      .filter((name) => name !== '');
    if (new Set(names).size !== names.length) throw new UsageError('a build is named twice');
    return runCommand(args, async (context) => {
      const blobs = createDirectoryBlobs(join(resolve(context.config.home), 'blobs'));
      const builds: ComparedBuild[] = [];
      for (const name of names) builds.push(await compareBuild(blobs, await finishedDataset(context, name)));
      context.output.print(columns([head, ...builds.map(rowOf)]));
      if (builds.some(({ simulated }) => simulated))
        context.output.print('Models were simulated: the figures say nothing about real ones.');
      return { builds };
    });
  },
});

const head = [
  ...['BUILD', 'ABLATION', 'ROWS', 'PROGRAMS', 'MEAN SCORE', 'TOKENS IN/ROW', 'TOKENS OUT/ROW'],
  ...['COST/QUERY', 'ACCEPTED', 'LEAKED', 'CAUGHT'],
];

function rowOf(one: ComparedBuild): string[] {
  const { constantDriver, similarQuery } = one.caught;
  return [
    ...[one.name, one.ablation, String(one.rows), String(one.uniquePrograms)],
    shown(one.meanScore, 3),
    shown(one.tokensInPerRow, 0),
    shown(one.tokensOutPerRow, 0),
    one.costUsdPerQuery === null ? '-' : `$${one.costUsdPerQuery.toFixed(6)}`,
    one.acceptance === null ? '-' : `${one.accepted} of ${one.tried}`,
    String(one.leaked),
    `${constantDriver} constant, ${similarQuery} similar`,
  ];
}

function shown(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}
