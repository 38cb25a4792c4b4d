/** An importer of one upstream format: the schema of its rows, and the query that a row becomes. */
import type { z } from 'zod';
import type { Query } from '../../../workflows/shared/query.ts';

export type ImportedFields = Pick<Query, 'text' | 'gold'> & { readonly subject?: string };

/** Throws an Error whose message says what is wrong with the row. */
export type Importer = (value: unknown) => ImportedFields;

export function createImporter<Row>(
  schema: z.ZodType<Row>,
  fieldsOf: (row: Row) => ImportedFields,
): Importer {
  return (value) => {
    const row = schema.safeParse(value);
    if (!row.success) throw new Error(reasonOf(row.error.issues));
    return fieldsOf(row.data);
  };
}

export function reasonOf(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`)
    .join('; ');
}
