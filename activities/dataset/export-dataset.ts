/**
 * Writes the dataset (workflows/dataset/export-contract.ts names the files). The same inputs, seeds and recorded replies give the
 * same bytes of all files but `run.json`, whatever the run is called and wherever it runs.
 */
import { Context } from '@temporalio/activity';
import {
  type DatasetActivities,
  type DatasetInput,
  type ExportInput,
  datasetInputSchema,
} from '../../workflows/dataset/contract.ts';
import { type SelectionReport, selectionReportSchema } from '../../workflows/dataset/selection-report.ts';
import type { Plan } from '../../workflows/matrix/contract.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { generationSystemPrompt } from '../mas/prompts/generation.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalHash, canonicalJson } from '../storage/canonical-json.ts';
import { writeCard } from './card.ts';
import { countBy } from './export/card-table.ts';
import { writeCroissant } from './export/croissant.ts';
import { labelPrecision } from './export/label-precision.ts';
import { measureLengths } from './export/lengths.ts';
import { type Manifest, manifestSchema } from './export/manifest.ts';
import type { MatrixParts } from './export/matrix-cells.ts';
import type { Sources } from './export/matrix-files.ts';
import { readOrigins } from './export/origins.ts';
import { readSamples } from './export/read-samples.ts';
import { writeRunRecord } from './export/run-record.ts';
import { wellFormed } from './export/sample.ts';
import { splitQueries } from './export/split-queries.ts';
import { configuredTokenizer, type TokenizerConfig } from './export/tokenizer.ts';
import { writeMatrix } from './export/write-matrix.ts';
import { tablesOf, writeSampleFiles } from './export/write-rows.ts';
import { createWrittenFiles } from './export/written-files.ts';
import { refinePromptHashes } from './prompts/refine.ts';
import { finalQuerySchema, readLines } from './selection.ts';

export interface ExportParts extends MatrixParts {
  readonly config: TokenizerConfig;
}

export function createExportDataset(parts: ExportParts): DatasetActivities['exportDataset'] {
  return (given) => exportDataset(parts, given, Context.current().info.namespace);
}

/** `namespace`: Temporal's, of the run. */
export async function exportDataset(
  parts: ExportParts,
  given: ExportInput,
  namespace: string,
): ReturnType<DatasetActivities['exportDataset']> {
  const { blobs, calls } = parts;
  // Runs that an earlier release resolved lack the fields that came later.
  const input = datasetInputSchema.parse(given.input);
  const options = input.export;
  const plan = await createPlanReader(blobs).plan(given.plan.plan);
  const queries = await readLines(blobs, plan.queries, querySchema);
  const finals = (
    await Promise.all(given.finals.map((sha256) => readLines(blobs, sha256, finalQuerySchema)))
  ).flat();
  const ofQuery = new Map(finals.map((final) => [final.queryIndex, final]));
  const splits = splitQueries(
    queries.map(({ id, text }, position) => {
      const { group, final } = ofQuery.get(position) ?? {};
      return { id, text, group, program: final?.program.sha256 };
    }),
    options.splits,
    input.seed,
  );
  const samples = await readSamples(parts, { plan, input, queries, finals, splits });
  const sources = await readSources(blobs, plan);
  const written = createWrittenFiles(blobs);
  const rowsOf = await writeSampleFiles(written, samples, input);
  const baseScores = await writeMatrix(parts, written, {
    ...{ planSha256: given.plan.plan, plan, queries, options, seed: input.seed, sources },
    splits: splits.of,
    bases: new Map(finals.map(({ queryIndex, base }) => [queryIndex, base.sha256])),
  });

  const models = await Promise.all(
    [
      ...plan.drivers.map((name, index) => [index === 0 ? 'driver' : `driver ${index + 1}`, name] as const),
      ['refiner', input.refiner] as const,
    ].map(async ([role, name]) => ({ role, ...(await calls.identity(name)) })),
  );
  const simulated = models.some((model) => model.simulated);
  const precision = labelPrecision([...baseScores.values()]);
  const name = `masgpt-sft-${canonicalHash(written.files).slice(0, 12)}`;
  const promptHash = canonicalHash(generationSystemPrompt).slice(0, 12);
  const tokenizer = await configuredTokenizer(parts.config, options.tokenizer);
  const card = {
    ...{ name, input, plan: given.plan, selection: given.selection, refinement: given.refinement },
    ...{ dropped: given.dropped, queries, finals, models, options, rowsOf, precision, promptHash },
    origins: await readOrigins(parts, input),
    selectionReport: await readSelectionReport(blobs, given.selection.report),
    units: splits.units,
    lengths: await measureLengths(samples, tokenizer),
    files: { ...written.files },
  };
  await written.put('card.md', writeCard(card));
  await written.put(
    'croissant.json',
    writeCroissant({
      ...{ name, simulated, publication: options.publication, files: card.files },
      description: `Queries with the multi-agent programs that answer them: ${samples.length} chat rows for fine-tuning a generator.${simulated ? ' Simulated: scores, programs and reasoning come from simulated models.' : ''}`,
      licences: [...queries.map(({ licence }) => licence), 'Apache-2.0'],
      tables: tablesOf(card.files),
    }),
  );
  const manifest: Manifest = {
    ...{ v: 2, name, simulated, rows: rowsOf.train, splits: rowsOf, files: written.files },
    ...{ plan: given.plan.plan, selection: given.selection.selection },
    ...{ queries: queries.length, dropped: given.dropped, models },
    sources: countBy(queries.map(({ source, licence }) => canonicalJson([source, licence]))).map(
      ([key, count]) => {
        const [source = '', licence = ''] = JSON.parse(key) as string[];
        return { source: wellFormed(source), licence: wellFormed(licence), queries: count };
      },
    ),
    prompts: { ...refinePromptHashes, generation: promptHash },
    settings: settingsOf(input),
    labelPrecision: precision,
  };
  const manifestSha256 = await blobs.put(`${canonicalJson(manifestSchema.parse(manifest))}\n`);
  const record = { namespace, run: given.run, manifest: manifestSha256 };
  const runRecord = await blobs.put(await writeRunRecord(parts.database, record));
  const files = Object.entries(written.files).map(([file, { sha256 }]) => [file, sha256] as const);
  return {
    rows: rowsOf.train,
    files: { ...Object.fromEntries(files), 'manifest.json': manifestSha256, 'run.json': runRecord },
  };
}

async function readSelectionReport(
  blobs: Blobs,
  sha256: string | undefined,
): Promise<SelectionReport | null> {
  return sha256 === undefined ? null : selectionReportSchema.parse(JSON.parse(await blobs.getText(sha256)));
}

async function readSources(blobs: Blobs, plan: Plan): Promise<Sources> {
  const refs = plan.systems.flatMap((system) => (system.kind === 'program' ? [system.program.sha256] : []));
  const sources = new Map<string, string>();
  for (const sha256 of refs) sources.set(sha256, await blobs.getText(sha256));
  return sources;
}

/** Without what names the run, or only bounds what it may spend. */
function settingsOf(input: DatasetInput): Record<string, unknown> {
  const leftOut = ['name', 'tenant', 'parentRun', 'maxCostUsd', 'maxTokens', 'maxWallMinutes', 'whenSpent'];
  return Object.fromEntries(Object.entries(input).filter(([field]) => !leftOut.includes(field)));
}
