/**
 * A cell as a row of `matrix.parquet`. Its key is computed from its own columns, as for any execution, so a reader can check it.
 * What differs between two sites that computed the same cell (who, when, how long) is not in it.
 */
import type { ParquetWriteOptions } from 'hyparquet-writer';
import { z } from 'zod';
import { nameSchema, sha256Schema } from '../../workflows/shared/names.ts';
import { limitsSchema, programFailureKinds } from '../../workflows/shared/program.ts';
import { createExecutionNames } from '../mas/execution-key.ts';

const count = z.number().int().nonnegative();
const maxText = 4 * 1024 * 1024;
const text = z.string().max(maxText);

/** `limits` and `verdict` are JSON texts. Optional columns are absent or null where there is no value. */
export const cellRowSchema = z
  .object({
    key: sha256Schema,
    /** Id of the query. */
    query: z.string().regex(/^[0-9a-f]{32}$/, 'the id of a query: 32 hex digits'),
    /** sha256 of the program's source, and its name, for people. */
    program: sha256Schema,
    program_name: nameSchema,
    driver: nameSchema,
    revision: z.string().max(256),
    repeat: count,
    /** Of the run; the execution's own seed follows from the row. */
    seed: z.number().int().min(0),
    common_random_numbers: z.boolean(),
    limits: z.string().max(2_000),
    tenant: nameSchema,
    /** Hash of the library that the program ran with. */
    guest: z.string().max(128),
    simulated: z.boolean(),
    /** Null when the program answered. */
    failure: z.enum(programFailureKinds).nullish(),
    failure_message: text.nullish(),
    /** Null when the program failed. */
    answer: text.nullish(),
    llm_calls: count,
    code_runs: count,
    tokens_in: count,
    tokens_cached: count,
    tokens_out: count,
    cost_usd: z.number().nonnegative(),
    score: z.number().min(0).max(1),
    /** Name and version: "number/1". */
    grader: z.string().regex(/^[a-z][a-z0-9-]{0,63}\/\d{1,6}$/, 'a grader: NAME/VERSION'),
    verdict: text,
  })
  .refine(({ failure, answer }) => (failure ?? null) === null || (answer ?? null) === null, {
    message: 'a program that failed has no answer',
  })
  .refine(({ failure, answer }) => (failure ?? answer ?? null) !== null, {
    message: 'it has neither an answer nor a failure',
  })
  .refine(({ failure, score }) => (failure ?? null) === null || score === 0, {
    message: 'a program that failed scores 0',
  });
export type CellRow = z.infer<typeof cellRowSchema>;

type Kind = 'text' | 'optional' | 'int' | 'long' | 'double' | 'flag';

const kinds = {
  key: 'text',
  query: 'text',
  program: 'text',
  program_name: 'text',
  driver: 'text',
  revision: 'text',
  repeat: 'int',
  seed: 'int',
  common_random_numbers: 'flag',
  limits: 'text',
  tenant: 'text',
  guest: 'text',
  simulated: 'flag',
  failure: 'optional',
  failure_message: 'optional',
  answer: 'optional',
  llm_calls: 'int',
  code_runs: 'int',
  tokens_in: 'long',
  tokens_cached: 'long',
  tokens_out: 'long',
  cost_usd: 'double',
  score: 'double',
  grader: 'text',
  verdict: 'text',
} as const satisfies Record<keyof CellRow, Kind>;

export const cellColumns = Object.keys(kinds) as (keyof CellRow)[];
export const requiredColumns = cellColumns.filter((name) => kinds[name] !== 'optional');

export type RowNames = ReturnType<ReturnType<typeof createExecutionNames>>;

/** Rows of a file share their settings with many others. */
const mostShared = 1_000;

/** What the row's own columns make its key and its seed. Throws when `limits` is not the limits of an execution. */
export function nameRows(): (row: CellRow) => RowNames {
  const known = new Map<string, ReturnType<typeof createExecutionNames>>();
  return (row) => {
    const { tenant, driver, revision, seed: runSeed, common_random_numbers: commonRandomNumbers } = row;
    const shared = JSON.stringify([tenant, driver, revision, runSeed, commonRandomNumbers, row.limits]);
    let namesOf = known.get(shared);
    if (!namesOf) {
      const limits = limitsSchema.strict().parse(JSON.parse(row.limits));
      namesOf = createExecutionNames({ tenant, driver, runSeed, limits, commonRandomNumbers }, revision);
      if (known.size >= mostShared) known.clear();
      known.set(shared, namesOf);
    }
    return namesOf(row.query, row.program, row.repeat);
  };
}

type SchemaElement = NonNullable<ParquetWriteOptions['schema']>[number];

export const parquetSchema: SchemaElement[] = [
  { name: 'root', num_children: cellColumns.length },
  ...cellColumns.map((name) => elementOf(name, kinds[name])),
];

export function columnData(rows: readonly CellRow[]): ParquetWriteOptions['columnData'] {
  return cellColumns.map((name) => ({
    name,
    data: rows.map((row) => (kinds[name] === 'long' ? BigInt(row[name] as number) : (row[name] ?? null))),
  }));
}

function elementOf(name: string, kind: Kind): SchemaElement {
  const required = { name, repetition_type: 'REQUIRED' } as const;
  switch (kind) {
    case 'int':
      return { ...required, type: 'INT32' };
    case 'long':
      return { ...required, type: 'INT64' };
    case 'double':
      return { ...required, type: 'DOUBLE' };
    case 'flag':
      return { ...required, type: 'BOOLEAN' };
    case 'text':
    case 'optional': {
      const string = {
        type: 'BYTE_ARRAY',
        converted_type: 'UTF8',
        logical_type: { type: 'STRING' },
      } as const;
      return { ...required, ...string, repetition_type: kind === 'text' ? 'REQUIRED' : 'OPTIONAL' };
    }
  }
}
