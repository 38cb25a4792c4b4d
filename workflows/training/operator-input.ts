/**
 * Arguments of an operator's updates, read by hand: contracts are frozen when they are shared by workflows
 * (workers/workflow-code.ts), and a zod schema changes itself when it is first used. What is wrong throws `Input.Invalid`.
 */
import { ApplicationFailure } from '@temporalio/workflow';

export type Fields = Readonly<Record<string, unknown>>;

export interface Said {
  /** Empty when not said. */
  readonly by: string;
  readonly why: string;
  /** The argument without `by` and `why`. */
  readonly fields: Fields;
}

const maxBy = 100;
const maxWhy = 500;
const maxArgument = 1_000;

export function readArgument(input: unknown): Said {
  if (input === undefined || input === null) return { by: '', why: '', fields: {} };
  if (typeof input !== 'object' || Array.isArray(input)) return refuse('the argument must be an object');
  const { by, why, ...fields } = input as Fields;
  if (JSON.stringify(fields).length > maxArgument) return refuse('the argument is too long');
  return { by: text('by', by, maxBy), why: text('why', why, maxWhy), fields };
}

function text(name: string, value: unknown, most: number): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && value.length <= most) return value.trim();
  return refuse(`${name}: a text of at most ${most} characters is expected`);
}

/** Other fields are refused by name. */
export function only(fields: Fields, names: readonly string[], example: string): void {
  const other = Object.keys(fields).find((name) => !names.includes(name));
  if (other !== undefined)
    refuse(`${other.slice(0, 64)}: there is no such field${example === '' ? '' : `; example: ${example}`}`);
}

export function wholeNumber(fields: Fields, name: string, least: number, example: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  return refuse(`${name}: a whole number from ${least} on is expected; example: ${example}`);
}

export function reason(fields: Fields, example: string): string {
  const value = fields['reason'];
  const said = typeof value === 'string' ? value.trim() : '';
  if (said !== '' && said.length <= maxWhy) return said;
  return refuse(`reason: a text of 1 to ${maxWhy} characters is expected; example: ${example}`);
}

export function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Input.Invalid', message, nonRetryable: true });
}
