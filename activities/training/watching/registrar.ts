/**
 * Checkpoints are verified beside the watch, one after the other: hashing gigabytes must not delay the notice of a crash.
 * What is not decided stays in the view, so that a watch that is lost leaves nothing behind.
 */
import type { AttemptView, Saving } from '../attempt-view.ts';
import { type CheckpointScope, registerCheckpoint, verifiedSteps } from '../checkpoints.ts';
import type { Recipe } from '../recipe.ts';

export interface Registrar {
  /** Verified steps, rising. */
  readonly checkpoints: readonly number[];
  /** Takes up what is new; returns the view without what is decided. Throws what the database threw. */
  tend(view: AttemptView): AttemptView;
  /** Resolves when all that was taken up is looked at. */
  idle(): Promise<void>;
}

export async function createRegistrar(options: {
  readonly scope: CheckpointScope;
  readonly recipe: Recipe;
  readonly epoch: number;
  /** A number of a step that is judged outside of the trainer, named as it is kept with the checkpoint's others. */
  readonly judge?: ((step: number) => Promise<Readonly<Record<string, number>>>) | undefined;
  /** Called after each checkpoint that is whole. */
  readonly onVerified: () => void;
}): Promise<Registrar> {
  const { scope, recipe, epoch, judge, onVerified } = options;
  let checkpoints: readonly number[] = await verifiedSteps(scope);
  let queue: Promise<void> = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;
  /** How many ranks had told a step when it was last looked at. */
  const lookedAt = new Map<number, number>();
  const decided = new Set<number>();
  const judged = new Map<number, Readonly<Record<string, number>>>();

  const register = async (saving: Saving, view: AttemptView): Promise<void> => {
    const { step, directory, part } = saving;
    if (judge && !judged.has(step)) judged.set(step, await judge(step));
    const metrics = { ...saving.metrics, ...judged.get(step) };
    const registered = await registerCheckpoint(
      scope,
      {
        ...{ step, epoch, directory, metrics, versions: view.versions },
        worldSize: view.worldSize ?? 1,
        parts: part === null ? [] : [part],
        parentStep: checkpoints.findLast((known) => known < step) ?? null,
      },
      recipe,
    );
    if (registered.kind !== 'waiting') decided.add(step);
    checkpoints = await verifiedSteps(scope);
    if (registered.kind === 'verified') onVerified();
  };

  return {
    get checkpoints() {
      return checkpoints;
    },
    tend(view) {
      if (failed) throw failed.error;
      for (const saving of view.saving) {
        if (decided.has(saving.step) || (lookedAt.get(saving.step) ?? 0) >= saving.ranks.length) continue;
        lookedAt.set(saving.step, saving.ranks.length);
        queue = queue
          .then(() => register(saving, view))
          .catch((error: unknown) => {
            failed ??= { error };
          });
      }
      if (!view.saving.some(({ step }) => decided.has(step))) return view;
      return { ...view, saving: view.saving.filter(({ step }) => !decided.has(step)) };
    },
    async idle() {
      await queue;
      if (failed) throw failed.error;
    },
  };
}
