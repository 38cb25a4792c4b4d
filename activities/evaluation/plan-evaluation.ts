/** Queries of all benchmarks x systems x drivers: the plan of the matrix, as a blob. */
import type { EvaluationInput, EvaluationPlan } from '../../workflows/evaluation/contract.ts';
import { cellCount, type Plan, planSchema, type System } from '../../workflows/matrix/contract.ts';
import type { LoadQueries } from '../benchmarks/load-queries.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { generatorOf } from './resolve-evaluation.ts';

export interface PlanEvaluationParts {
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly pool: () => Promise<Pool>;
  readonly loadQueries: LoadQueries;
  /** Pool program that answers when a generator's does not. */
  readonly fallbackProgram: string;
}

export function createPlanEvaluation(parts: PlanEvaluationParts) {
  const { blobs, calls, pool, loadQueries } = parts;

  async function systemOf(name: string): Promise<System> {
    const programs = await pool();
    const store = async (program: string) => {
      const { id, source } = programs.get(program);
      return { id, sha256: await blobs.put(source) };
    };
    const generator = generatorOf(name);
    return generator === undefined
      ? { kind: 'program', id: name, program: await store(name) }
      : { kind: 'generator', id: name, generator, fallback: await store(parts.fallbackProgram) };
  }

  return async (input: EvaluationInput): Promise<EvaluationPlan> => {
    const { seed, limit, sample, tenant, limits, repeats, drivers } = input;
    const benchmarks: EvaluationPlan['benchmarks'][number][] = [];
    // A query that two files of one benchmark share is one item.
    const lines = new Set<string>();
    for (const { name, sha256 } of input.benchmarks) {
      const loaded = await loadQueries({ source: name, sha256, limit, sample, seed });
      const before = lines.size;
      for (const line of (await blobs.getText(loaded.sha256)).split('\n')) if (line !== '') lines.add(line);
      benchmarks.push({ name, sha256: loaded.sha256, items: lines.size - before, size: loaded.size });
    }
    const systems = await Promise.all(input.systems.map(systemOf));
    const generators = systems.flatMap((system) => (system.kind === 'generator' ? [system.generator] : []));
    const models = await Promise.all(
      [...drivers, ...generators].map(async (name) => ({ name, ...(await calls.identity(name)) })),
    );
    const plan: Plan = planSchema.parse({
      ...{ v: 1, systems, drivers, repeats, seed, tenant, limits },
      queries: await blobs.put([...lines].map((line) => `${line}\n`).join('')),
      queryCount: lines.size,
      revisions: Object.fromEntries(models.map(({ name, revision }) => [name, revision])),
    });
    return {
      plan: await blobs.put(canonicalJson(plan)),
      cells: cellCount(plan),
      benchmarks,
      simulated: models.some(({ simulated }) => simulated),
    };
  };
}
