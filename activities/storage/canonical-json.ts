/** One text per JSON value: keys sorted, no spaces, undefined fields left out. What is hashed for an identity is this. */
import { createHash } from 'node:crypto';

export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => (isPlainObject(part) ? sortKeys(part) : part)) ?? 'null'
  );
}

/** Lower-case hex sha256 of the canonical text. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // fromEntries defines properties, so that a key named __proto__ is kept as data.
  return Object.fromEntries(entries);
}
