/** Values of flags: what is not what it should be is wrong usage, with the flag, the value and what was expected. */
import { UsageError } from './errors.ts';

export function wholeNumber(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${flag} ${text}: a whole number from ${least} on is expected`);
}

export function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flag} ${value}: one of ${known.join(', ')} is expected`);
  return found;
}

/** Parts between commas, without blanks; none for an absent flag. */
export function commaList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function amount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${flag} ${text}: a number above 0 is expected`);
}
