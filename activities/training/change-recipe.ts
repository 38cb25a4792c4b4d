/** A changed recipe for the attempts to come of a run: only what keeps its checkpoints usable (workflows/training/config-change.ts). */
import type { ConfigChange } from '../../workflows/training/config-change.ts';
import type { TrainingPlan } from '../../workflows/training/contract.ts';
import { failure } from '../failure.ts';
import type { Blobs } from '../storage/blobs.ts';
import { readRecipe } from './read-recipe.ts';
import { type Recipe, recipeSchema } from './recipe.ts';

/** The plan with the changed recipe; its first one stays the fingerprint. Throws `Input.Invalid` for a change that may not be. */
export async function changeRecipe(
  blobs: Blobs,
  plan: TrainingPlan,
  change: ConfigChange,
): Promise<TrainingPlan> {
  const recipe = await readRecipe(blobs, plan.recipeSha256);
  const parsed = recipeSchema.safeParse(changed(recipe, change));
  if (!parsed.success)
    throw failure('Input.Invalid', `the changed recipe is not valid: ${parsed.error.message.slice(0, 300)}`);
  if (parsed.data.saveSteps > parsed.data.maxSteps)
    throw failure(
      'Input.Invalid',
      `saveSteps ${parsed.data.saveSteps} is beyond maxSteps ${parsed.data.maxSteps}`,
    );
  return {
    ...plan,
    firstRecipeSha256: plan.firstRecipeSha256 ?? plan.recipeSha256,
    recipeSha256: await blobs.put(JSON.stringify(parsed.data)),
    maxSteps: parsed.data.maxSteps,
  };
}

function changed(recipe: Recipe, change: ConfigChange): unknown {
  const { saveSteps = recipe.saveSteps, maxSteps = recipe.maxSteps } = change;
  if (maxSteps < recipe.maxSteps)
    throw failure('Input.Invalid', `maxSteps goes upward only: it is ${recipe.maxSteps}`);
  const phaseLimitS = { ...recipe.phaseLimitS, ...change.phaseLimitS };
  const next = { ...recipe, saveSteps, maxSteps, phaseLimitS };
  const { batchSize, gradientAccumulation } = change;
  if (batchSize === undefined || gradientAccumulation === undefined) return next;
  // A trainer of kind `command` has them among its options, if it has them at all.
  const place: Readonly<Record<string, unknown>> = recipe.kind === 'sft' ? recipe : recipe.options;
  const [before, steps] = [place['batchSize'], place['gradientAccumulation']];
  if (typeof before !== 'number' || typeof steps !== 'number')
    throw failure('Input.Invalid', 'this recipe names no batchSize and gradientAccumulation');
  if (before * steps !== batchSize * gradientAccumulation)
    throw failure(
      'Input.Invalid',
      `batchSize ${batchSize} x gradientAccumulation ${gradientAccumulation} is not ${before} x ${steps}: the global batch stays`,
    );
  const batch = { batchSize, gradientAccumulation };
  return next.kind === 'sft' ? { ...next, ...batch } : { ...next, options: { ...next.options, ...batch } };
}
