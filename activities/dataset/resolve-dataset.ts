/** The first step of buildDataset: names become pool programs and known models, before anything is spent. */
import { type DatasetInput, datasetInputSchema } from '../../workflows/dataset/contract.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import { createResolveInput } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';

export interface ResolveDatasetParts {
  readonly runs: Runs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly pool: () => Promise<Pool>;
}

export function createResolveDataset({ runs, calls, pool }: ResolveDatasetParts) {
  return createResolveInput<DatasetInput>({
    kind: 'dataset',
    schema: datasetInputSchema,
    example: { queries: [{ source: 'generated-train' }] },
    runs,
    async prepare(input) {
      for (const model of [input.driver, input.refiner, input.judge]) await calls.identity(model);
      const programs = await pool();
      const ids =
        input.programs === 'all'
          ? programs.list().map(({ id }) => id)
          : input.programs.map((name) => programs.get(name).id);
      return { ...input, programs: [...new Set(ids)].toSorted() };
    },
  });
}
