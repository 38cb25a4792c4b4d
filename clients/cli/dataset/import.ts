/** `masgpt dataset import POOL`: queries of several benchmarks become a named pool, clean of duplicates and of evaluation sets. */
import { defineCommand } from 'citty';
import { generatedSourceOf, generateQueries } from '../../../activities/dataset/generate-queries.ts';
import { defaultThreshold, leastThreshold } from '../../../activities/dataset/query-pool/near-duplicates.ts';
import { paperSizes, type SampleSizes } from '../../../activities/dataset/query-pool/sample.ts';
import { type GivenQueries, saveQueryPool } from '../../../activities/dataset/query-pool/save-query-pool.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { amount, wholeNumber } from '../flag-values.ts';
import { importBenchmarks } from '../import-benchmarks.ts';
import { poolName, blobsOf, queriesOf } from './pool-reference.ts';
import { countsTable, totalsOf } from './pool-tables.ts';

export default defineCommand({
  meta: { name: 'import', description: 'Make a query pool from benchmark files' },
  args: {
    ...commonArgs,
    pool: { type: 'positional', description: 'Name of the pool', required: true },
    benchmark: {
      type: 'string',
      description: 'NAME=FILE, several by comma; `generated-train` needs no file',
      required: true,
    },
    sample: {
      type: 'string',
      description: "NAME=N, several by comma; or N of each; or `paper` for the paper's sizes (default: all)",
    },
    against: {
      type: 'string',
      description: 'Evaluation sets, NAME=FILE by comma: what stands in them is dropped',
    },
    'leave-out': { type: 'string', description: 'Hold this source out, with what the others share with it' },
    near: {
      type: 'string',
      description: 'Jaccard similarity of word triples from which on a text is a near-duplicate',
      default: String(defaultThreshold),
    },
    'mask-numbers': {
      type: 'boolean',
      default: true,
      description: 'Overlaps with evaluation sets count with other numbers too',
      negativeDescription: 'Overlaps count with the same numbers only',
    },
    seed: { type: 'string', description: 'Seed of the sample', default: '0' },
  },
  run: ({ args }) => {
    const name = poolName(args.pool);
    const nearJaccard = amount('--near', args.near) ?? defaultThreshold;
    if (nearJaccard < leastThreshold || nearJaccard > 1)
      throw new UsageError(`--near ${args.near}: a number from ${leastThreshold} to 1 is expected`);
    const seed = wholeNumber('--seed', args.seed, 0) ?? 0;
    const sampleFor = readSample(args.sample);
    return runCommand(args, async (context) => {
      const inputs = await given(context, '--benchmark', args.benchmark);
      const sources = [...new Set(inputs.map(({ input }) => input.source))];
      const leaveOut = args['leave-out'];
      if (leaveOut !== undefined && !sources.includes(leaveOut))
        throw new UsageError(`--leave-out ${leaveOut}: it is none of the sources ${sources.join(', ')}`);
      const sample = sampleFor(sources.filter((source) => source !== leaveOut));
      const against = args.against === undefined ? [] : await given(context, '--against', args.against);
      const ports = { database: context.database, blobs: blobsOf(context.config) };
      const { pool, report } = await saveQueryPool(ports, {
        ...{ name, inputs, against, sample, seed, nearJaccard, leaveOut },
        maskNumbers: args['mask-numbers'],
      });
      context.output.print(countsTable(report));
      for (const { source, asked, had } of report.short)
        context.output.note(`${source}: ${asked} queries were asked for, ${had} are left`);
      context.output.print(`${name}@${pool.version.slice(0, 12)}: ${pool.queries} queries`);
      const { heldOut, short } = report;
      return { ...pool, fates: totalsOf(report), heldOut, short };
    });
  },
});

/** As `--benchmark` of other commands, with the queries read back. */
async function given(context: CommandContext, flag: string, list: string): Promise<GivenQueries[]> {
  const imported = await importBenchmarks(context, list).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(/^--benchmark/, flag), error.remedy);
  });
  const blobs = blobsOf(context.config);
  return Promise.all(
    imported.map(async ({ name, sha256, reportSha256 }) => {
      const generated = generatedSourceOf(name);
      const address = sha256 ?? (generated && (await storeGenerated(blobs, generated)));
      if (address === undefined) throw new UsageError(`${flag} ${name}: name its file, as in ${name}=FILE`);
      const queries = await queriesOf(blobs, { sha256: address });
      return {
        queries,
        input: {
          source: name,
          queries: { sha256: address, count: queries.length },
          ...(reportSha256 === undefined ? {} : { report: reportSha256 }),
        },
      };
    }),
  );
}

function storeGenerated(
  blobs: ReturnType<typeof blobsOf>,
  source: NonNullable<ReturnType<typeof generatedSourceOf>>,
): Promise<string> {
  const queries = generateQueries({ source, seed: 0 });
  return blobs.put(queries.map((query) => `${JSON.stringify(query)}\n`).join(''));
}

/** Throws `UsageError` for what is no sample at once, and for a source that is not imported once these are known. */
function readSample(text: string | undefined): (sources: readonly string[]) => SampleSizes {
  if (text === undefined) return () => ({});
  if (text === 'paper')
    return (sources) =>
      Object.fromEntries(Object.entries(paperSizes).filter(([source]) => sources.includes(source)));
  if (!text.includes('=')) {
    const size = wholeNumber('--sample', text, 1) as number;
    return (sources) => Object.fromEntries(sources.map((source) => [source, size]));
  }
  const sizes = new Map<string, number>();
  for (const part of text.split(',')) {
    const [source = '', size = '', ...rest] = part.split('=');
    if (rest.length > 0 || sizes.has(source))
      throw new UsageError(`--sample ${part}: NAME=N is expected, once per name`);
    sizes.set(source, wholeNumber(`--sample ${source}`, size, 1) as number);
  }
  return (sources) => {
    const stranger = [...sizes.keys()].find((source) => !sources.includes(source));
    if (stranger !== undefined)
      throw new UsageError(`--sample ${stranger}: it is none of the sources ${sources.join(', ')}`);
    return Object.fromEntries(sizes);
  };
}
