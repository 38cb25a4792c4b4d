/** Words for a level of the chain of budgets that has no room: which one, its limit, what it used, what to do. */
import { failure } from '../failure.ts';
import type { SpentLevel } from './call-store.ts';

/** What the call that was refused may cost at most. */
interface Needed {
  readonly costUsd: number;
  readonly tokens: number;
}

/** `run`: KIND/NAME of the caller. */
export function budgetExceeded(spent: SpentLevel, run: string, needed: Needed): Error {
  const { limit, max, used, need } = figuresOf(spent, needed);
  return failure(
    'Budget.Exceeded',
    `the budget of ${nameOf(spent, run)} is used up (${limit} ${max}, ${used} used, the next call may use ${need}): ${remedyOf(spent)}`,
    { details: [{ level: spent.level, limit, max, used }] },
  );
}

/** For a message that calls in flight hold the rest. */
export function nameOf({ level, period }: Pick<SpentLevel, 'level' | 'period'>, run: string): string {
  const name = level.slice(level.indexOf('/') + 1);
  if (isTenant(level)) return `tenant ${name}${period === 'day' ? ' for this day (UTC)' : ''}`;
  return name === run ? run : `the parent run ${name}`;
}

function remedyOf({ level, period }: SpentLevel): string {
  if (!isTenant(level)) return 'start it again with a higher maxCostUsd or maxTokens';
  const raise = `raise it under tenants.${level.slice(level.indexOf('/') + 1)} in the config of the workers`;
  return period === 'day' ? `${raise}, or start again tomorrow` : raise;
}

function isTenant(level: string): boolean {
  return level.startsWith('tenant/') && level.split('/').length === 2;
}

function figuresOf(spent: SpentLevel, needed: Needed) {
  const { maxCostUsd, maxTokens, costUsd, tokens } = spent;
  if (maxCostUsd !== null && costUsd + needed.costUsd > maxCostUsd) {
    return { limit: 'maxCostUsd', max: maxCostUsd, used: costUsd, need: needed.costUsd };
  }
  return { limit: 'maxTokens', max: maxTokens ?? 0, used: tokens, need: needed.tokens };
}
