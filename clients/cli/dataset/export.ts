/**
 * `masgpt dataset export NAME --out DIR`: the files of a finished build. A format that the build did not write is written now: the
 * run starts again under its name, finds everything stored, and only exports.
 */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import {
  type Descriptions,
  descriptions,
  describeSubset,
} from '../../../activities/dataset/export/subset.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { formatFiles, splitNames, fileOfSplit } from '../../../workflows/dataset/export-contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { buildDataset } from './build.ts';
import { formatsOf } from './export-flags.ts';
import { finishedDataset } from './finished-dataset.ts';
import { writeDatasetFiles } from './write-files.ts';

export default defineCommand({
  meta: { name: 'export', description: 'Write the files of a finished dataset' },
  args: {
    ...commonArgs,
    name: { type: 'positional', description: 'Name of the dataset', required: true },
    out: { type: 'string', description: 'Directory for the files', required: true, valueHint: 'dir' },
    formats: {
      type: 'string',
      description: 'Only these besides the chat rows, by comma (default: all there are)',
    },
  },
  run: ({ args }) => {
    const formats = args.formats === undefined ? undefined : formatsOf(args.formats);
    return runCommand(args, async (context) => {
      const found = await finishedDataset(context, args.name);
      const { name } = found;
      let { result } = found;
      const missing = (formats ?? []).filter((format) =>
        formatFiles[format].some((file) => result.files[file] === undefined),
      );
      if (missing.length > 0) {
        context.output.note(`${missing.join(', ')}: not written yet`);
        const before = found.input.export ?? {};
        const all = [...new Set([...(before.formats ?? []), ...missing])];
        result = await buildDataset(context, { ...found.input, export: { ...before, formats: all } }, name);
      }
      const wanted =
        formats === undefined ? result.files : await described(context, only(result.files, formats));
      return { rows: result.rows, files: wanted, paths: await writeDatasetFiles(context, wanted, args.out) };
    });
  },
});

/** What describes the dataset names the other files only. */
async function described(
  { config }: CommandContext,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const blobs = createDirectoryBlobs(join(resolve(config.home), 'blobs'));
  const found = descriptions.filter((file) => files[file] !== undefined);
  // A release that wrote no run record wrote no digests, either.
  if (found.length < descriptions.length) return { ...files };
  const texts = await Promise.all(
    descriptions.map(async (file) => [file, await blobs.getText(files[file] ?? '')] as const),
  );
  const subset = describeSubset(
    Object.fromEntries(texts) as Descriptions,
    (file) => files[file] !== undefined,
  );
  const own = Object.entries(subset).map(async ([file, text]) => [file, await blobs.put(text)] as const);
  return { ...files, ...Object.fromEntries(await Promise.all(own)) };
}

/** What is always there, and the files of these formats. */
function only(
  files: Readonly<Record<string, string>>,
  formats: readonly (keyof typeof formatFiles)[],
): Record<string, string> {
  const ofAFormat = (names: readonly string[]): string[] =>
    names.flatMap((file) => splitNames.map((split) => fileOfSplit(file, split)));
  const all = new Set(ofAFormat(Object.values(formatFiles).flat()));
  const wanted = new Set(ofAFormat(formats.flatMap((format) => formatFiles[format])));
  return Object.fromEntries(Object.entries(files).filter(([file]) => !all.has(file) || wanted.has(file)));
}
