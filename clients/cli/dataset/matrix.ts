/** `masgpt dataset matrix export NAME | import FILE`: the score matrix as a file, so that two sites can merge theirs. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { graderOf } from '../../../activities/benchmarks/graders/create-grading.ts';
import { failure } from '../../../activities/failure.ts';
import { exportMatrix, sha256OfFile } from '../../../activities/matrix/export-matrix.ts';
import { importMatrix } from '../../../activities/matrix/import-matrix.ts';
import {
  type Provenance,
  provenanceFileOf,
  provenanceSchema,
} from '../../../activities/matrix/provenance.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { versions } from '../../../workers/versions.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { readMatrixFile } from '../read-matrix-file.ts';

const exportCommand = defineCommand({
  meta: {
    name: 'export',
    description: 'Write the executed and graded cells as parquet, with their provenance beside it',
  },
  args: {
    ...commonArgs,
    name: { type: 'positional', description: 'Name of the dataset, or evaluation/NAME', required: true },
    out: { type: 'string', description: 'File to write', default: 'matrix.parquet', valueHint: 'file' },
    site: { type: 'string', description: 'Who you are, for those who import it', default: '' },
  },
  run: ({ args }) => runCommand(args, (context) => write(context, args)),
});

const importCommand = defineCommand({
  meta: { name: 'import', description: 'Take the cells of another site: they never run here again' },
  args: {
    ...commonArgs,
    file: { type: 'positional', description: 'A matrix.parquet', required: true },
  },
  run: ({ args }) => runCommand(args, (context) => read(context, args.file)),
});

export default defineCommand({
  meta: { name: 'matrix', description: 'Show, export and import score matrices' },
  subCommands: {
    export: exportCommand,
    import: importCommand,
    view: async () => (await import('./matrix-view.ts')).default,
  },
});

async function write(
  { config, database, output }: CommandContext,
  { name, out, site }: { readonly name: string; readonly out: string; readonly site: string },
): Promise<unknown> {
  const run = name.includes('/') ? name : `dataset/${name}`;
  const exported = await exportMatrix(
    {
      database,
      blobs: createDirectoryBlobs(join(resolve(config.home), 'blobs')),
      grading: { graderOf },
      calls: {
        identity: (driver) =>
          Promise.reject(
            failure('Input.NotFound', `the plan of ${run} does not say at which revision ${driver} was`),
          ),
      },
    },
    { namespace: config.temporal.namespace, run, file: out },
  );
  const { missing, ...found } = exported;
  const provenance: Provenance = {
    ...{ v: 1, site, run, ...found },
    release: versions['masgpt-temporal'] ?? '',
    exportedAt: new Date().toISOString(),
  };
  const beside = provenanceFileOf(out);
  await writeFile(beside, `${JSON.stringify(provenance, null, 2)}\n`);
  output.print(`${out}: ${found.cells} cells, ${missing} of ${run} are not executed or graded`);
  output.print(`${beside}: cells ${found.cellsSha256}`);
  return { file: out, provenance: beside, missing, ...found };
}

async function read({ database, output }: CommandContext, file: string): Promise<unknown> {
  await stat(file).catch(() => {
    throw new CommandFailed(`${file}: there is no such file`);
  });
  const provenance = await readProvenance(provenanceFileOf(file));
  const fileSha256 = await sha256OfFile(file);
  const imported = await importMatrix(database, readMatrixFile(resolve(file)), { fileSha256, provenance });
  const { rows, written, alreadyThere, busy, run } = imported;
  output.print(
    `${file}: ${rows} cells, ${written} new, ${alreadyThere} already here, ${busy} being executed here; they are known as ${run}`,
  );
  if (!provenance) output.note('without a provenance file beside it, nothing says where the cells come from');
  return { ...imported, provenance: provenance ?? null };
}

const maxProvenanceBytes = 4 * 1024 ** 2;

async function readProvenance(file: string): Promise<Provenance | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return undefined;
  if (found.size > maxProvenanceBytes)
    throw new CommandFailed(`${file} is too large to be a provenance file`);
  try {
    return provenanceSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    throw new CommandFailed(`${file} is no provenance file: move it away to import without one`);
  }
}
