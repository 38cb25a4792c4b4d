/** Who does something to a run, and why: flags that all operator commands share. */
import { hostname, userInfo } from 'node:os';
import type { Operator } from '../../steer-training.ts';
import { UsageError } from '../errors.ts';

export const operatorArgs = {
  why: { type: 'string', description: 'Why; kept with the operation', valueHint: 'text' },
  by: { type: 'string', description: 'Who (default: user@host)', valueHint: 'text' },
} as const;

export const runNameArg = {
  type: 'positional',
  description: 'Name of the run; training/NAME is the same',
  required: true,
} as const;

export function nameOf(given: string): string {
  return given.replace(/^training\//, '');
}

const longest = { by: 100, why: 500 } as const;

export function operatorOf(args: {
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}): Operator {
  for (const flag of ['by', 'why'] as const)
    if ((args[flag]?.length ?? 0) > longest[flag])
      throw new UsageError(`--${flag}: at most ${longest[flag]} characters`);
  return { by: args.by ?? `${userName()}@${hostname()}`.slice(0, longest.by), why: args.why };
}

/** An account without a name has its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
