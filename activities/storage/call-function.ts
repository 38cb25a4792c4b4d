/** A call of one of the store's functions. Its text is the same each time, so that nothing is compiled for it. */
import { CompiledQuery } from 'kysely';
import type { Database } from './tables.ts';

/** The function's rows. `R` is what its migration says. */
export async function callFunction<R>(
  database: Database,
  name: string,
  args: readonly unknown[],
): Promise<R[]> {
  const { rows } = await database.executeQuery<R>(CompiledQuery.raw(textOf(name, args.length), [...args]));
  return rows;
}

const texts = new Map<string, string>();

function textOf(name: string, count: number): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const places = Array.from({ length: count }, (_, index) => `$${index + 1}`);
  const text = `select * from ${name}(${places.join(', ')})`;
  texts.set(name, text);
  return text;
}
