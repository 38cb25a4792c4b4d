/** The activities of evaluateBenchmarks over their ports. */
import type { EvaluationActivities } from '../../workflows/evaluation/contract.ts';
import type { RunActivities } from '../../workflows/shared/with-run.ts';
import { withHeartbeats } from '../heartbeating.ts';
import { createRunActivities } from '../storage/runs.ts';
import { createPlanEvaluation, type PlanEvaluationParts } from './plan-evaluation.ts';
import { createResolveEvaluation, type ResolveEvaluationParts } from './resolve-evaluation.ts';
import { createSummariseEvaluation, type SummariseParts } from './summarise-evaluation.ts';

export type EvaluationParts = ResolveEvaluationParts & PlanEvaluationParts & SummariseParts;

export function createEvaluationActivities(parts: EvaluationParts): EvaluationActivities & RunActivities {
  return {
    ...createRunActivities(parts),
    resolveEvaluationInput: createResolveEvaluation(parts),
    planEvaluation: withHeartbeats(createPlanEvaluation(parts)),
    summariseEvaluation: withHeartbeats(createSummariseEvaluation(parts)),
  };
}
