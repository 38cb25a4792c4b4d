/**
 * The matrix: systems x queries x drivers x repeats, executed in bulk. Dataset construction and evaluation both run one.
 * A plan is a blob; a cell is an index into it, so that history carries two numbers and one sha256 per batch.
 */
import { z } from 'zod';
import { nameSchema, sha256Schema } from '../shared/names.ts';
import { limitsSchema, programRefSchema } from '../shared/program.ts';
import type { Usage } from '../shared/usage.ts';

export const runBatchType = 'runBatch';

/** A system: a fixed program, or a generator that writes one per query. */
export const systemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('program'), id: nameSchema, program: programRefSchema }),
  z.object({ kind: z.literal('generator'), id: nameSchema, generator: nameSchema, fallback: programRefSchema }),
]);
export type System = z.infer<typeof systemSchema>;

export const planSchema = z.object({
  v: z.literal(1),
  /** Blob: JSON lines of `Query`. */
  queries: sha256Schema,
  queryCount: z.number().int().positive(),
  systems: z.array(systemSchema).min(1),
  drivers: z.array(nameSchema).min(1),
  repeats: z.number().int().positive(),
  seed: z.number().int(),
  tenant: nameSchema,
  limits: limitsSchema,
  /** Leave the program out of the execution seed, so that two programs meet the same draws. */
  commonRandomNumbers: z.boolean().default(false),
});
export type Plan = z.infer<typeof planSchema>;

export interface Cell {
  readonly query: number;
  readonly system: number;
  readonly driver: number;
  readonly repeat: number;
}

export function cellCount(plan: Plan): number {
  return plan.queryCount * plan.systems.length * plan.drivers.length * plan.repeats;
}

/** Cells are ordered by query first, so that a partial matrix covers whole queries. */
export function cellAt(plan: Plan, index: number): Cell {
  const repeat = index % plan.repeats;
  const byDriver = Math.floor(index / plan.repeats);
  const driver = byDriver % plan.drivers.length;
  const bySystem = Math.floor(byDriver / plan.drivers.length);
  const system = bySystem % plan.systems.length;
  return { query: Math.floor(bySystem / plan.systems.length), system, driver, repeat };
}

/** Input of the child workflow `runBatch` and of its activities: the cells [from, to) of a plan. */
export interface BatchInput {
  readonly plan: string;
  readonly from: number;
  readonly to: number;
  /** The parent's `KIND/NAME`: scope of the budget. */
  readonly run: string;
  readonly priority: number;
}

export interface BatchResult {
  readonly from: number;
  readonly to: number;
  /** Executions that ended with an answer. */
  readonly answered: number;
  /** Executions that ended with a named program failure: data. */
  readonly failed: number;
  /** Executions that infrastructure prevented; the next start of the run retries them. */
  readonly infraFailed: number;
  /** Cells left undone because the run's budget is spent. */
  readonly budgetSkipped: number;
  /** Cost of what this batch newly executed; cells found stored cost nothing. */
  readonly usage: Usage;
  readonly simulated: boolean;
}
