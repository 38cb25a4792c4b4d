/** The database as Kysely sees it: one interface per domain, intersected. Migrations in `migrations/` create exactly this. */
import type { Kysely } from 'kysely';
import type { EmbeddingTables } from './tables/embeddings.ts';
import type { ExecutionTables } from './tables/executions.ts';
import type { LlmTables } from './tables/llm.ts';
import type { MatrixTables } from './tables/matrix.ts';
import type { QueryPoolTables } from './tables/query-pools.ts';
import type { RunTables } from './tables/runs.ts';
import type { TrainingGpuTables } from './tables/training-gpus.ts';
import type { TrainingOperationTables } from './tables/training-operations.ts';
import type { TrainingPhaseTimeTables } from './tables/training-phase-times.ts';
import type { TrainingTables } from './tables/training.ts';

export interface Tables
  extends
    RunTables,
    LlmTables,
    ExecutionTables,
    EmbeddingTables,
    MatrixTables,
    QueryPoolTables,
    TrainingTables,
    TrainingPhaseTimeTables,
    TrainingOperationTables,
    TrainingGpuTables {}
export type Database = Kysely<Tables>;
