/** An importer of one upstream format: the schema of its rows, and the query that a row becomes. */
import { z } from 'zod';
import type { Query } from '../../../workflows/shared/query.ts';

/** `split`: where the row itself tells it. */
export type ImportedFields = Pick<Query, 'text' | 'gold' | 'level'> & {
  readonly subject?: string;
  readonly split?: string;
};

/** What tables (CSV, parquet) must hold. */
export interface Columns {
  /** All that are read; others are left in the file. */
  readonly known: readonly string[];
  /** A first line of CSV that names all of these is a header. */
  readonly required: readonly string[];
  /** Their order in CSV that has no header; absent: it must have one. */
  readonly positional?: readonly string[] | undefined;
}

export interface Importer {
  readonly columns: Columns;
  /** Upstream ships a directory of files. */
  readonly directory: boolean;
  /** `file`: its name, or its path below what is imported. Throws an Error whose message says what is wrong with the row. */
  read(value: unknown, file: string): ImportedFields;
}

export interface ImporterOptions {
  readonly positional?: readonly string[];
  readonly directory?: boolean;
}

export function createImporter<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  fieldsOf: (row: z.output<z.ZodObject<Shape>>, file: string) => ImportedFields,
  { positional, directory = false }: ImporterOptions = {},
): Importer {
  const known = Object.keys(schema.shape);
  const required = known.filter((name) => {
    const field: unknown = schema.shape[name];
    return field instanceof z.ZodType && !field.safeParse(undefined).success;
  });
  return {
    columns: { known, required, positional },
    directory,
    read(value, file) {
      const row = schema.safeParse(withoutNulls(value));
      if (!row.success) throw new Error(reasonOf(row.error.issues));
      return fieldsOf(row.data, file);
    },
  };
}

/** Tables write null where JSON leaves a field out. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

export function reasonOf(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`)
    .join('; ');
}

/** A list, also where CSV can only hold its JSON text. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.preprocess((value) => {
    if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, z.array(item));
}
