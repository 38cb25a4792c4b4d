/** How long a phase may take without progress (training-supervision.md section 4, hang). Pure. */
import type { Recipe } from '../recipe.ts';
import { enoughSamples, type PhaseTimes } from './phase-times.ts';
import { type RankView, warmUpSteps } from './rank-view.ts';

export type PhaseKind = 'start' | 'step' | 'save' | 'eval';

export interface Deadline {
  readonly kind: PhaseKind;
  readonly limitS: number;
  /** Known well enough to kill by it alone; else the tree must stand still, too. */
  readonly sure: boolean;
  /** In words. */
  readonly basis: string;
}

const maxLimitS = 1_800;
const times99 = 5;

export function deadlineOf(
  { phase, ownSteps, end }: Pick<RankView, 'phase' | 'ownSteps' | 'end'>,
  times: PhaseTimes,
  recipe: Pick<Recipe, 'hangFloorS' | 'phaseLimitS'>,
): Deadline {
  const kind = kindOf(phase);
  const { phaseLimitS, hangFloorS } = recipe;
  if (end !== null)
    return { kind: 'save', limitS: phaseLimitS.save, sure: false, basis: 'the recipe, after its end' };
  // The first steps compile and allocate: they are like a start, and their times are no samples.
  if (kind === 'step' && ownSteps < warmUpSteps) {
    const limitS = Math.max(phaseLimitS.start, phaseLimitS.step);
    return { kind, limitS, sure: false, basis: `the recipe, for the first ${warmUpSteps} steps` };
  }
  const { seconds, samples } = times.p99(phase);
  if (samples < enoughSamples)
    return { kind, limitS: phaseLimitS[kind], sure: false, basis: `the recipe, with ${samples} samples` };
  const limitS = Math.min(maxLimitS, Math.max(hangFloorS, times99 * seconds));
  return { kind, limitS, sure: true, basis: `5 x p99 of ${samples} samples` };
}

function kindOf(phase: string): PhaseKind {
  switch (phase) {
    case 'train':
      return 'step';
    case 'save':
    case 'finish':
      return 'save';
    case 'eval':
      return 'eval';
    default:
      return 'start';
  }
}
