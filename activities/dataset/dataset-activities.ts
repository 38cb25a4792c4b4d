/** The activities of buildDataset over their ports. */
import type { DatasetActivities } from '../../workflows/dataset/contract.ts';
import type { RunActivities } from '../../workflows/shared/with-run.ts';
import { withHeartbeats } from '../heartbeating.ts';
import { createProgramRunner } from '../mas/run-program.ts';
import { createRunActivities } from '../storage/runs.ts';
import { constantCalls } from './constant-driver.ts';
import { createEmbedQueries, type EmbedParts } from './embed-queries.ts';
import { createExportDataset, type ExportParts } from './export-dataset.ts';
import { createPlanDataset, type PlanParts } from './plan-dataset.ts';
import { createPlanLeaders } from './plan-leaders.ts';
import { createPlanRace } from './plan-race.ts';
import { createRefineQueries } from './refine-queries.ts';
import type { RefineParts } from './refine-query.ts';
import { createRegroupQueries } from './regroup-queries.ts';
import { createResolveDataset, type ResolveDatasetParts } from './resolve-dataset.ts';
import { createSelectPrograms, type SelectParts } from './select-programs.ts';

export type DatasetParts = ResolveDatasetParts &
  PlanParts &
  EmbedParts &
  SelectParts &
  ExportParts &
  Omit<RefineParts, 'runner' | 'constantRunner'> & {
    /** Queries refined at once in an activity: they mostly wait for the model. */
    readonly executionsAtOnce: number;
  };

export function createDatasetActivities(parts: DatasetParts): DatasetActivities & RunActivities {
  return {
    ...createRunActivities(parts),
    resolveDatasetInput: createResolveDataset(parts),
    planDataset: withHeartbeats(createPlanDataset(parts)),
    embedQueries: createEmbedQueries(parts),
    planLeaders: withHeartbeats(createPlanLeaders(parts)),
    planRace: withHeartbeats(createPlanRace(parts)),
    regroupQueries: withHeartbeats(createRegroupQueries(parts)),
    selectPrograms: withHeartbeats(createSelectPrograms(parts)),
    refineQueries: createRefineQueries({
      ...parts,
      runner: createProgramRunner(parts),
      constantRunner: createProgramRunner({ ...parts, calls: constantCalls }),
    }),
    exportDataset: withHeartbeats(createExportDataset(parts)),
  };
}
