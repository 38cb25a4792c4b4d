/** The number that people and `keep.best` have of a model while it is trained: `executability`, judged by this process, not by the trainer. */
import { join } from 'node:path';
import type { AttemptLayout } from '../layout.ts';
import type { TrainingPorts } from '../ports.ts';
import type { Recipe } from '../recipe.ts';

/** A checkpoint waits for it: programs that hang must not hold one up for long. */
const limitMs = 120_000;

/** Undefined when the recipe asks for no programs. What cannot be judged has no number. */
export function judgeOf(
  { judgePrograms }: Pick<TrainingPorts, 'judgePrograms'>,
  { directory }: AttemptLayout,
  recipe: Recipe,
): ((step: number) => Promise<Readonly<Record<string, number>>>) | undefined {
  if (!judgePrograms || recipe.kind !== 'sft' || recipe.evaluation?.programs === undefined) return undefined;
  return async (step) => {
    const file = join(directory, 'programs', `${step}.jsonl`);
    const executability = await judgePrograms(file, AbortSignal.timeout(limitMs)).catch(() => null);
    return executability === null ? {} : { executability };
  };
}
