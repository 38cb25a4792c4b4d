/** The schema's history, in the order of the names. A released migration never changes: add another one. */
import type { Migration } from 'kysely';
import { runs } from './0001-runs.ts';
import { llm } from './0002-llm.ts';
import { executions } from './0003-executions.ts';
import { training } from './0004-training.ts';
import { repairs } from './0005-repairs.ts';
import { budgetLevels } from './0006-budget-levels.ts';
import { slotClasses } from './0007-slot-classes.ts';
import { guestChanges } from './0008-guest-changes.ts';
import { journalFunctions } from './0009-journal-functions.ts';
import { queryPools } from './0010-query-pools.ts';
import { matrix } from './0011-matrix.ts';
import { embeddings } from './0012-embeddings.ts';
import { housekeeping } from './0015-housekeeping.ts';
import { checkpointRegistry } from './0016-checkpoint-registry.ts';
import { checkpointCopies } from './0017-checkpoint-copies.ts';
import { trainingPhaseTimes } from './0018-training-phase-times.ts';
import { trainingOperations } from './0019-training-operations.ts';
import { trainingGpus } from './0021-training-gpus.ts';
import { trainingModels } from './0023-training-models.ts';

export const migrations: Record<string, Migration> = {
  '0001-runs': runs,
  '0002-llm': llm,
  '0003-executions': executions,
  '0004-training': training,
  '0005-repairs': repairs,
  '0006-budget-levels': budgetLevels,
  '0007-slot-classes': slotClasses,
  '0008-guest-changes': guestChanges,
  '0009-journal-functions': journalFunctions,
  '0010-query-pools': queryPools,
  '0011-matrix': matrix,
  '0012-embeddings': embeddings,
  '0015-housekeeping': housekeeping,
  '0016-checkpoint-registry': checkpointRegistry,
  '0017-checkpoint-copies': checkpointCopies,
  '0018-training-phase-times': trainingPhaseTimes,
  '0019-training-operations': trainingOperations,
  '0021-training-gpus': trainingGpus,
  '0023-training-models': trainingModels,
};
