/** A run's progress in words, the same on the command line and in Temporal's UI. */
import type { Progress } from './progress.ts';

/** What is not known yet. */
export const unknown = '–';

/** "12 cells/s"; per minute below one in ten seconds. */
export function rateWords(perSecond: number | undefined, unit = ''): string {
  if (!perSecond) return unknown;
  const each = unit === '' ? '' : ` ${unit}`;
  if (perSecond < 0.1) return `${(60 * perSecond).toFixed(1)}${each}/min`;
  return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}${each}/s`;
}

/** Seconds that are left; undefined while the rate or the total is not known. */
export function secondsLeft(
  { done, total }: Pick<Progress, 'done' | 'total'>,
  perSecond: number | undefined,
): number | undefined {
  return perSecond && total > done ? (total - done) / perSecond : undefined;
}

const maxKinds = 6;

/** "12 failed: 8 raised, 4 timeout", the most frequent first. */
export function failureWords({
  failed,
  failureKinds = {},
}: Pick<Progress, 'failed' | 'failureKinds'>): string {
  const kinds = Object.entries(failureKinds)
    .filter(([, count]) => count > 0)
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const more = kinds.slice(maxKinds).reduce((sum, [, count]) => sum + count, 0);
  const named = kinds.slice(0, maxKinds).map(([kind, count]) => `${count} ${kind}`);
  const list = [...named, ...(more > 0 ? [`${more} of other kinds`] : [])].join(', ');
  return list === '' ? `${failed} failed` : `${failed} failed: ${list}`;
}

/** "12/400 cells", "12 done". */
export function doneWords({ done, total, unit = 'done' }: Pick<Progress, 'done' | 'total' | 'unit'>): string {
  return `${done}${total > 0 ? `/${total}` : ''}${unit === '' ? '' : ` ${unit}`}`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

export function compact(count: number): string {
  if (count < 1_000) return String(count);
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(2)}M`;
}
