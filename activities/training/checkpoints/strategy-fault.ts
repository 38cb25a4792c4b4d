/** Whether a trainer runs as its recipe says: HF's `fsdp=` silently becomes DDP on a CPU, and a lost rank becomes one process. Pure. */
import { expectedStrategy, type ExpectedStrategy, type Recipe } from '../recipe.ts';

/** Of the event `hello`. */
export interface SaidStrategy {
  readonly worldSize: number;
  readonly strategy?: { readonly kind: string; readonly precision?: string | undefined } | undefined;
}

/** Undefined when it agrees, else what differs: the class of such an attempt is `config`. */
export function strategyFault(recipe: Recipe, said: SaidStrategy): string | undefined {
  const ranks = recipe.distributed?.ranks;
  if (ranks !== undefined && said.worldSize !== ranks)
    return `the recipe has ${ranks} ranks, the trainer runs ${said.worldSize}`;
  if (ranks === undefined && recipe.kind === 'sft' && said.worldSize !== 1)
    return `the recipe has one process, the trainer runs ${said.worldSize}`;
  const expected = expectedStrategy(recipe);
  if (!expected) return undefined;
  if (!said.strategy)
    return `the recipe expects ${nameOf(expected)}, and the trainer does not say what it runs`;
  const { kind, precision } = said.strategy;
  if (kind !== expected.kind || (expected.precision !== undefined && precision !== expected.precision))
    return `the recipe expects ${nameOf(expected)}, the trainer runs ${nameOf(said.strategy)}`;
  return undefined;
}

function nameOf({
  kind,
  precision,
}: { readonly kind: string; readonly precision?: string | undefined } | ExpectedStrategy): string {
  return [kind, precision]
    .filter((part) => part !== undefined)
    .join(' in ')
    .slice(0, 60);
}
