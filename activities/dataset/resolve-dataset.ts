/** The first step of buildDataset: sources, programs and models that nobody knows end it before anything is spent. */
import { type DatasetInput, datasetInputSchema } from '../../workflows/dataset/contract.ts';
import { benchmarkOf } from '../benchmarks/registry.ts';
import { failure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import { createResolveInput } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';
import { generatedSourceOf } from './generate-queries.ts';

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
      for (const [index, { source, sha256 }] of input.queries.entries())
        checkSource(`queries.${index}`, source, sha256);
      for (const model of [...input.drivers, input.refiner]) await calls.identity(model);
      const programs = await pool();
      const ids =
        input.programs === 'all'
          ? programs.list().map(({ id }) => id)
          : input.programs.map((name) => programs.get(name).id);
      return { ...input, programs: [...new Set(ids)].toSorted() };
    },
  });
}

function checkSource(field: string, source: string, sha256: string | undefined): void {
  if (generatedSourceOf(source) !== undefined) return;
  const known = benchmarkNamed(`${field}.source`, source);
  if (sha256 !== undefined) return;
  throw failure(
    'Input.Invalid',
    `${field}.sha256: name its file (--benchmark ${known}=FILE imports it and gives its sha256); only generated problems need none`,
  );
}

function benchmarkNamed(field: string, source: string): string {
  try {
    return benchmarkOf(source).name;
  } catch (error) {
    throw failure('Input.Invalid', `${field}: ${(error as Error).message}`);
  }
}
