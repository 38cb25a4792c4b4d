/** `masgpt dataset diff A B`: rows only in one of two datasets, other programs and reasonings, other settings. Names or directories. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import {
  type Change,
  compareDatasets,
  type DatasetDiff,
  type DatasetFiles,
  type RowDifference,
} from '../../../activities/dataset/diff/compare-datasets.ts';
import { manifestSchema } from '../../../activities/dataset/export/manifest.ts';
import { provenanceSchema } from '../../../activities/dataset/export/provenance.ts';
import { readLines } from '../../../activities/dataset/selection.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { columns } from '../columns.ts';
import {
  type CommandContext,
  commonArgs,
  type LocalContext,
  runCommand,
  runLocalCommand,
} from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { readDatasetDirectory } from '../read-dataset-directory.ts';
import { finishedDataset } from './finished-dataset.ts';
import { cellOf } from './pool-tables.ts';

const side = {
  type: 'positional',
  description: 'Name of a dataset, or a directory or manifest.json of one',
  required: true,
} as const;

export default defineCommand({
  meta: { name: 'diff', description: 'What two datasets differ in' },
  args: { ...commonArgs, a: side, b: side },
  run: async ({ args }) => {
    const paths = [await pathOf(args.a), await pathOf(args.b)];
    const given = [args.a, args.b];
    const compare = async (
      { output }: Pick<LocalContext, 'output'>,
      read: (name: string) => Promise<DatasetFiles>,
    ): Promise<DatasetDiff> => {
      const [a, b] = await Promise.all(
        paths.map((path, index) => (path ? readDatasetDirectory(path) : read(given[index] ?? ''))),
      );
      const diff = compareDatasets(a as DatasetFiles, b as DatasetFiles);
      output.print(shown(diff));
      return diff;
    };
    const none = (name: string): Promise<never> =>
      Promise.reject(new CommandFailed(`${name}: there is no such directory`));
    // Two directories need neither stack nor store.
    if (paths.every((path) => path !== undefined))
      return runLocalCommand(args, (context) => compare(context, none));
    return runCommand(args, (context) => compare(context, (name) => readNamed(context, name)));
  },
});

/** A name holds no slash, so that a directory can always be told apart: `./NAME`. */
async function pathOf(given: string): Promise<string | undefined> {
  const isPath = /[/\\]/.test(given) && !/^dataset\/[^/]+$/.test(given);
  const found = await stat(given).catch(() => undefined);
  return isPath || found ? resolve(given) : undefined;
}

async function readNamed(context: CommandContext, name: string): Promise<DatasetFiles> {
  const { result } = await finishedDataset(context, name);
  const blobs = createDirectoryBlobs(join(resolve(context.config.home), 'blobs'));
  const [manifest, provenance] = [result.files['manifest.json'], result.files['provenance.jsonl']];
  if (manifest === undefined || provenance === undefined) {
    throw new CommandFailed(`dataset "${name}" was built by a release that wrote no provenance.jsonl`, {
      remedy: 'the same `masgpt dataset build` command again writes it, and pays for nothing twice',
    });
  }
  return {
    manifest: manifestSchema.parse(JSON.parse(await blobs.getText(manifest))),
    rows: await readLines(blobs, provenance, provenanceSchema),
  };
}

function shown(diff: DatasetDiff): string {
  const { a, b } = diff;
  const rows: [string, RowDifference][] = [
    ['only in A', diff.onlyInA],
    ['only in B', diff.onlyInB],
    ['other program', diff.otherProgram],
    ['  of these other base', diff.otherBase],
    ['other reasoning', diff.otherReasoning],
    ['other split', diff.otherSplit],
  ];
  const changed: [string, readonly Change[]][] = [
    ['SETTING', diff.settings],
    ['SOURCE', diff.sources],
    ['MODEL', diff.models],
    ['PROMPT', diff.prompts],
  ];
  return [
    `A: ${a.name}, ${a.rows} rows`,
    `B: ${b.name}, ${b.rows} rows`,
    columns([
      ['ROWS', 'COUNT', 'BY GROUP'],
      ['the same', String(diff.same), ''],
      ...rows.map(([name, { rows: count, groups }]) => [name, String(count), groupsOf(groups)]),
    ]),
    ...changed.flatMap(([head, list]) =>
      list.length === 0
        ? []
        : [
            '',
            columns([
              [head, 'A', 'B'],
              ...list.map(({ what, a: x, b: y }) => [what, cellOf(x ?? '-'), cellOf(y ?? '-')]),
            ]),
          ],
    ),
  ].join('\n');
}

const maxGroups = 8;

function groupsOf(groups: RowDifference['groups']): string {
  const named = Object.entries(groups).toSorted(([, m], [, n]) => n - m);
  const more = named.length > maxGroups ? [`and ${named.length - maxGroups} more`] : [];
  return [...named.slice(0, maxGroups).map(([group, count]) => `${group} ${count}`), ...more].join(', ');
}
