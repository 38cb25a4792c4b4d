/** Flags of `dataset build` for refinement and the ablation of inter-consistency. */
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';

export const refineArgs = {
  solver: {
    type: 'string',
    description: 'With --no-inter: random or cheapest, of the programs that solved the query',
    default: 'random',
  },
  'refine-tries': {
    type: 'string',
    description: 'Programs the refiner may write per query; each try is told why the last one was refused',
    default: '1',
  },
  'refine-repeats': {
    type: 'string',
    description: 'Executions of base and adapted program that decide (default: as --repeats)',
  },
  unsolved: {
    type: 'boolean',
    default: false,
    description: 'Keep the queries that no final program solves',
  },
} as const;

type Args = { readonly [name: string]: unknown };

export function refinementOf(args: Args): NonNullable<DatasetRequest['refinement']> {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const repeats = wholeNumber('--refine-repeats', text('refine-repeats'), 1);
  return {
    tries: wholeNumber('--refine-tries', text('refine-tries'), 1),
    ...(repeats === undefined ? {} : { repeats }),
    dropUnsolved: args['unsolved'] !== true,
  };
}

export function solverOf(args: Args): 'random' | 'cheapest' {
  const solver = (args['solver'] as string | undefined) ?? 'random';
  if (solver !== 'random' && solver !== 'cheapest')
    throw new UsageError(`--solver ${solver}: random or cheapest is expected`);
  return solver;
}
