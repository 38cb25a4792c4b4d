/** The first step of buildDataset: sources, programs and models that nobody knows end it before anything is spent. */
import {
  type DatasetInput,
  datasetInputSchema,
  type QueryPool,
  type QuerySource,
} from '../../workflows/dataset/contract.ts';
import { benchmarkOf } from '../benchmarks/registry.ts';
import { failure, isFailure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import { createResolveInput } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';
import type { Database } from '../storage/tables.ts';
import { localEmbedderName } from './embedding/local-embedder.ts';
import { configuredTokenizer, type TokenizerConfig } from './export/tokenizer.ts';
import { generatedSourceOf } from './generate-queries.ts';
import { findQueryPool } from './query-pool/query-pools.ts';

export interface ResolveDatasetParts {
  readonly runs: Runs;
  readonly database: Database;
  readonly calls: Pick<CallService, 'identity'>;
  readonly pool: () => Promise<Pool>;
  readonly config: TokenizerConfig;
}

export function createResolveDataset({ runs, database, calls, pool, config }: ResolveDatasetParts) {
  return createResolveInput<DatasetInput>({
    kind: 'dataset',
    schema: datasetInputSchema,
    example: { queries: [{ source: 'generated-train' }] },
    runs,
    async prepare(input) {
      const queries: DatasetInput['queries'] = [];
      for (const [index, given] of input.queries.entries()) {
        const field = `queries.${index}`;
        if ('pool' in given) queries.push(await pinned(database, field, given));
        else queries.push(checked(field, given));
      }
      const { groupBy, grouping } = input;
      const embedder = groupBy === 'embedding' ? [grouping.embedder] : [];
      const asked = embedder.filter((name) => name !== localEmbedderName);
      for (const model of [...input.drivers, input.refiner, ...asked]) await calls.identity(model);
      await configuredTokenizer(config, input.export.tokenizer);
      const programs = await pool();
      const ids =
        input.programs === 'all'
          ? programs.list().map(({ id }) => id)
          : input.programs.map((name) => programs.get(name).id);
      return { ...input, queries, programs: [...new Set(ids)].toSorted() };
    },
  });
}

/** A pool's name means its newest version when the run starts. */
async function pinned(database: Database, field: string, given: QueryPool): Promise<QueryPool> {
  const { version } = await findQueryPool(database, given.pool, given.sha256).catch((error: unknown) => {
    if (!isFailure(error, 'Input.NotFound')) throw error;
    throw failure('Input.NotFound', `${field}.pool: ${(error as Error).message}`);
  });
  return { ...given, sha256: version };
}

function checked(field: string, given: QuerySource): QuerySource {
  const { source, sha256 } = given;
  if (generatedSourceOf(source) !== undefined) return given;
  const known = benchmarkNamed(`${field}.source`, source);
  if (sha256 !== undefined) return given;
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
