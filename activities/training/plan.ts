/** Fingerprints of a run's plan: attempts, checkpoints and artefacts belong together only when these agree. */
import type { TrainingPlan } from '../../workflows/training/contract.ts';
import { canonicalHash } from '../storage/canonical-json.ts';

/** Recipe (as the run began) and seed; the data has its own fingerprint. */
export function configSha(plan: TrainingPlan): string {
  return canonicalHash({ recipe: plan.firstRecipeSha256 ?? plan.recipeSha256, seed: plan.seed });
}
