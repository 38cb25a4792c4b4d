/** The last activity of an evaluation: what was measured becomes rows with intervals and one document, report.json. */
import type { EvaluationActivities, SummariseInput } from '../../workflows/evaluation/contract.ts';
import { type ReportDraft, reportDataSchema } from '../../workflows/evaluation/report-data.ts';
import type { Plan, System } from '../../workflows/matrix/contract.ts';
import { addUsage, noUsage } from '../../workflows/shared/usage.ts';
import { benchmarkOf } from '../benchmarks/registry.ts';
import { summarise } from '../benchmarks/stats/summarise.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Pool } from '../mas/pool.ts';
import { type Item, readItems, type ReadItemsParts } from './read-items.ts';

export interface SummariseParts extends ReadItemsParts {
  readonly pool: () => Promise<Pool>;
  /** "masgpt-temporal" -> "0.1.0", "node" -> "20.20.0". */
  readonly versions: Readonly<Record<string, string>>;
  readonly now: () => Date;
}

export function createSummariseEvaluation(
  parts: SummariseParts,
): EvaluationActivities['summariseEvaluation'] {
  const { blobs, calls } = parts;
  return async (input) => {
    const plan = await createPlanReader(blobs).plan(input.plan.plan);
    const items = await readItems(parts, input.plan, plan);
    const summary = summarise(
      items.map((item) => ({ ...item, ...costsOf(item), failed: item.failure !== undefined })),
      input.input.seed,
    );
    const drivers = await Promise.all(
      plan.drivers.map(async (name) => ({ name, ...(await calls.identity(name)) })),
    );
    const report: ReportDraft = {
      v: 1,
      title: `Evaluation ${input.run.slice(input.run.indexOf('/') + 1)}`,
      simulated: input.plan.simulated,
      provenance: provenanceOf(parts, input),
      benchmarks: input.plan.benchmarks.map(({ name, sha256, items: count, size }) => {
        const { title, version, source, licence, split, answerKind, citation } = benchmarkOf(name);
        return {
          name,
          title,
          version,
          source,
          licence,
          split,
          answerKind,
          citation,
          items: count,
          size,
          sha256,
        };
      }),
      systems: await Promise.all(plan.systems.map((system) => describe(parts, system))),
      drivers,
      rows: [...summary.rows],
      comparisons: [...summary.comparisons],
      fronts: summary.fronts.map(({ systems, ...front }) => ({ ...front, systems: [...systems] })),
      items,
      programs: await programsOf(parts, plan, items),
      usage: items.reduce((sum, item) => addUsage(sum, { tokensCached: 0, ...costsOf(item) }), noUsage),
    };
    const sha256 = await blobs.put(JSON.stringify(reportDataSchema.parse(report)));
    return { results: summary.rows, files: { 'report.json': sha256 } };
  };
}

function costsOf({ llmCalls = 0, tokensIn = 0, tokensOut = 0, costUsd = 0 }: Item) {
  return { llmCalls, tokensIn, tokensOut, costUsd };
}

function provenanceOf(
  parts: SummariseParts,
  { run, input, plan }: SummariseInput,
): ReportDraft['provenance'] {
  const { versions } = parts;
  return {
    ...{ run, input, seed: input.seed, versions: { ...versions } },
    createdAt: parts.now().toISOString(),
    plan: plan.plan,
  };
}

async function describe({ pool }: SummariseParts, system: System): Promise<ReportDraft['systems'][number]> {
  const { id, kind } = system;
  if (system.kind === 'generator') {
    const description = `${system.generator} writes a program per query; ${system.fallback.id} answers where it fails`;
    return { id, kind, programSha256: system.fallback.sha256, description };
  }
  const program = (await pool()).list().find((known) => known.id === system.program.id);
  return { id, kind, programSha256: system.program.sha256, description: program?.method ?? '' };
}

async function programsOf(
  { blobs }: SummariseParts,
  plan: Plan,
  items: readonly Item[],
): Promise<NonNullable<ReportDraft['programs']>> {
  const names = new Map(
    plan.systems.map((system) => {
      const { id, sha256 } = system.kind === 'program' ? system.program : system.fallback;
      return [sha256, id];
    }),
  );
  const used = new Set(
    items.flatMap(({ programSha256 }) => (programSha256 === undefined ? [] : [programSha256])),
  );
  const programs = [...used].map(async (sha256) => {
    return [sha256, { id: names.get(sha256) ?? 'generated', source: await blobs.getText(sha256) }] as const;
  });
  return Object.fromEntries(await Promise.all(programs));
}
