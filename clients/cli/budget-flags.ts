/** The flags that bound what a run may spend. */
import { amount, wholeNumber } from './flag-values.ts';

export const budgetArgs = {
  'max-cost-usd': { type: 'string', description: 'Stop before the calls cost more' },
  'max-tokens': { type: 'string', description: 'Stop before the calls use more' },
} as const;

/** Of commands that run a matrix. */
export const matrixBudgetArgs = {
  ...budgetArgs,
  'max-wall-minutes': { type: 'string', description: 'Begin no execution of the matrix after so long' },
} as const;

export interface Budget {
  readonly maxCostUsd?: number;
  readonly maxTokens?: number;
  readonly maxWallMinutes?: number;
}

/** What is given. Throws `UsageError`. */
export function budgetOf(args: Readonly<Record<string, unknown>>): Budget {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const maxCostUsd = amount('--max-cost-usd', text('max-cost-usd'));
  const maxTokens = wholeNumber('--max-tokens', text('max-tokens'), 1);
  const maxWallMinutes = amount('--max-wall-minutes', text('max-wall-minutes'));
  return {
    ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(maxWallMinutes === undefined ? {} : { maxWallMinutes }),
  };
}
