/** Queries of all sources x pool programs: the plan of the score matrix, as a blob. */
import type { DatasetInput, DatasetPlan } from '../../workflows/dataset/contract.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { cellCount, type Plan, planSchema } from '../../workflows/matrix/contract.ts';
import type { LoadQueries } from '../benchmarks/load-queries.ts';
import { failure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { usableQueries } from './usable-queries.ts';

export interface PlanParts {
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly pool: () => Promise<Pool>;
  readonly loadQueries: LoadQueries;
}

export function createPlanDataset({ blobs, calls, pool, loadQueries }: PlanParts) {
  return async (_run: string, input: DatasetInput): Promise<DatasetPlan> => {
    const { lines, unusable } = await queryLines(input);
    const programs = await pool();
    // Runs of older releases have one driver and no list.
    const drivers = await identitiesOf(input.drivers ?? [input.driver]);
    const names = input.programs === 'all' ? programs.list().map(({ id }) => id) : input.programs;
    const systems = await Promise.all(
      names.map(async (name) => {
        const { id, source } = programs.get(name);
        return { kind: 'program', id, program: { id, sha256: await blobs.put(source) } } as const;
      }),
    );
    const { seed, tenant, limits, repeats } = input;
    const plan: Plan = planSchema.parse({
      ...{ v: 1, systems, drivers: [...drivers.keys()], repeats, seed, tenant, limits },
      queries: await blobs.put(lines.map((line) => `${line}\n`).join('')),
      queryCount: lines.length,
      revisions: Object.fromEntries([...drivers].map(([name, { revision }]) => [name, revision])),
    });
    return {
      plan: await blobs.put(canonicalJson(plan)),
      cells: cellCount(plan),
      queries: lines.length,
      simulated: [...drivers.values()].some(({ simulated }) => simulated),
      ...(unusable.withoutGold + unusable.conflicts > 0 ? { unusable } : {}),
    };
  };

  async function identitiesOf(names: readonly string[]) {
    const found = names.map(async (name) => [name, await calls.identity(name)] as const);
    return new Map(await Promise.all(found));
  }

  /** A query that two sources share is asked once; one that cannot be graded never. */
  async function queryLines(input: DatasetInput) {
    const lines = new Set<string>();
    for (const source of input.queries) {
      const { sha256 } = await loadQueries({ ...source, seed: input.seed });
      for (const line of (await blobs.getText(sha256)).split('\n')) if (line !== '') lines.add(line);
    }
    if (lines.size === 0) throw failure('Input.Invalid', 'queries: the sources hold no query');
    const all = new Map([...lines].map((line) => [querySchema.parse(JSON.parse(line)), line]));
    const { queries, unusable } = usableQueries([...all.keys()]);
    if (queries.length === 0)
      throw failure(
        'Input.Invalid',
        `queries: none of ${lines.size} can be used: ${unusable.withoutGold} have no gold, ${unusable.conflicts} stand with several`,
      );
    return { lines: queries.map((query) => all.get(query)), unusable };
  }
}
