/**
 * What the database knows about cells. A fixed program's cell has one execution; a generator's has a ladder: the program
 * it wrote, then the fallback when it wrote none that runs or the one it wrote failed. The first that answered counts,
 * else the last. Costs are those of the whole ladder.
 */
import type { Selectable } from 'kysely';
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import { failure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Database } from '../storage/tables.ts';
import type { ExecutionTables } from '../storage/tables/executions.ts';
import { createExecutionKeys } from './execution-key.ts';
import { generatedProgramId, generationKey } from './generate.ts';
import type { BatchCell } from './plan-reader.ts';

export type StoredExecution = Selectable<ExecutionTables['executions']>;
export type StoredGeneration = Omit<Selectable<ExecutionTables['generations']>, 'reply'>;

export interface CellOutcome {
  readonly cell: BatchCell;
  /** `open`: not executed to its end. */
  readonly status: 'answered' | 'failed' | 'infraFailed' | 'open';
  /** The execution that counts; null before the first one began. */
  readonly execution: StoredExecution | null;
  /** Every execution of the ladder that there is. */
  readonly executions: readonly StoredExecution[];
  /** The programs to try, in order; null while a generator has not been asked. */
  readonly ladder: readonly ProgramRef[] | null;
  /** Of a generator's cell, once it was asked. */
  readonly generation: StoredGeneration | null;
}

export interface CellOutcomes {
  read(plan: Plan, cells: readonly BatchCell[]): Promise<readonly CellOutcome[]>;
}

interface Ports {
  readonly database: Database;
  readonly calls: Pick<CallService, 'identity'>;
}

export function createCellOutcomes({ database, calls }: Ports): CellOutcomes {
  return {
    async read(plan, cells) {
      const revisions = await revisionsOf(plan, calls);
      const keyOf = createCellKeys(plan, (driver) => revisions.get(driver) ?? '');
      const asked = await generationKeys(plan, cells, calls);
      const generations = await readGenerations(database, [...asked.values()]);
      const found = cells.map((cell) => {
        const generation = generations.get(asked.get(cell) ?? '') ?? null;
        return { cell, generation, ladder: ladderOf(cell, generation) };
      });
      const keys = found.flatMap(({ cell, ladder }) => ladder?.map((program) => keyOf(cell, program)) ?? []);
      const executions = await readExecutions(database, keys);
      return found.map(({ cell, generation, ladder }) => {
        const steps = (ladder ?? []).map((program) => executions.get(keyOf(cell, program)));
        return { cell, generation, ladder, ...conclude(steps) };
      });
    },
  };
}

/** Of the drivers. Throws `Input.Invalid` when a model is no longer what the plan pinned. */
export async function revisionsOf(plan: Plan, calls: Ports['calls']): Promise<Map<string, string>> {
  const generators = plan.systems.flatMap((system) =>
    system.kind === 'generator' ? [system.generator] : [],
  );
  const revisions = new Map<string, string>();
  for (const model of new Set([...plan.drivers, ...generators])) {
    const { revision } = await calls.identity(model);
    const pinned = plan.revisions[model] ?? revision;
    if (revision !== pinned) {
      throw failure(
        'Input.Invalid',
        `model ${model} is at revision ${revision}, this run began with ${pinned}: restore it in the config, or start a new run`,
      );
    }
    revisions.set(model, revision);
  }
  return revisions;
}

/** A program system's one program; a generator's own, if it wrote one, and its fallback. */
export function ladderOf(
  { system }: Pick<BatchCell, 'system'>,
  generation: Pick<StoredGeneration, 'program_sha256'> | null,
): readonly ProgramRef[] | null {
  if (system.kind === 'program') return [system.program];
  if (!generation) return null;
  const sha256 = generation.program_sha256;
  if (sha256 === null || sha256 === system.fallback.sha256) return [system.fallback];
  return [{ id: generatedProgramId, sha256 }, system.fallback];
}

export function identityOf(plan: Plan, cell: BatchCell, program: ProgramRef) {
  return {
    tenant: plan.tenant,
    query: cell.query,
    program,
    driver: cell.driver,
    repeat: cell.repeat,
    runSeed: plan.seed,
    limits: plan.limits,
    commonRandomNumbers: plan.commonRandomNumbers,
  };
}

/** `executionKey` of a plan's cells with the programs that they try. */
export function createCellKeys(plan: Plan, revisionOf: (driver: string) => string) {
  const { tenant, seed: runSeed, limits, commonRandomNumbers } = plan;
  const byDriver = new Map(
    plan.drivers.map((driver) => [
      driver,
      createExecutionKeys({ tenant, driver, runSeed, limits, commonRandomNumbers }, revisionOf(driver)),
    ]),
  );
  return (
    { driver, query, repeat }: Pick<BatchCell, 'driver' | 'query' | 'repeat'>,
    { sha256 }: Pick<ProgramRef, 'sha256'>,
  ): string => {
    const keyOf = byDriver.get(driver);
    if (!keyOf) throw new RangeError(`${driver} is no driver of the plan`);
    return keyOf(query.id, sha256, repeat);
  };
}

function conclude(
  steps: readonly (StoredExecution | undefined)[],
): Pick<CellOutcome, 'status' | 'execution' | 'executions'> {
  const executions = steps.filter((step) => step !== undefined);
  for (const [index, step] of steps.entries()) {
    if (step?.status === 'failed' && index < steps.length - 1) continue;
    const status = step === undefined || step.status === 'running' ? 'open' : step.status;
    return { status, execution: step ?? null, executions };
  }
  return { status: 'open', execution: null, executions };
}

async function generationKeys(
  plan: Plan,
  cells: readonly BatchCell[],
  calls: Ports['calls'],
): Promise<Map<BatchCell, string>> {
  const keys = new Map<BatchCell, string>();
  for (const cell of cells) {
    if (cell.system.kind !== 'generator') continue;
    const { generator } = cell.system;
    const identity = await calls.identity(generator);
    keys.set(cell, generationKey({ tenant: plan.tenant, generator, query: cell.query }, identity));
  }
  return keys;
}

const maxKeys = 1_000;

async function readGenerations(
  database: Database,
  keys: readonly string[],
): Promise<Map<string, StoredGeneration>> {
  const rows = await inChunks(keys, (chunk) =>
    database
      .selectFrom('generations')
      .select(['key', 'generator', 'revision', 'query_id', 'repairs', 'status', 'failure_kind'])
      .select(['failure_message', 'program_sha256'])
      .select(['tokens_in', 'tokens_out', 'cost_usd', 'simulated', 'created_at'])
      .where('key', 'in', chunk)
      .execute(),
  );
  return new Map(rows.map((row) => [row.key, row]));
}

async function readExecutions(
  database: Database,
  keys: readonly string[],
): Promise<Map<string, StoredExecution>> {
  const rows = await inChunks(keys, (chunk) =>
    database.selectFrom('executions').selectAll().where('key', 'in', chunk).execute(),
  );
  return new Map(rows.map((row) => [row.key, row]));
}

async function inChunks<T>(
  keys: readonly string[],
  read: (chunk: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const rows: T[] = [];
  for (let from = 0; from < keys.length; from += maxKeys)
    rows.push(...(await read(keys.slice(from, from + maxKeys))));
  return rows;
}
