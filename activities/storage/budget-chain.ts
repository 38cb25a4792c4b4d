/**
 * Who pays for a run's calls: its own budget, those of its parent runs, and its tenant's. The chain is written when the run
 * claims its name; migrations/0006-budget-functions.ts enforces it.
 */
import { failure } from '../failure.ts';
import type { RunClaim } from './runs.ts';
import type { Database } from './tables.ts';

export interface ParentRun {
  /** KIND/NAME. */
  readonly run: string;
  /** Levels of budgets, itself first. */
  readonly chain: readonly string[];
}

/** A ceiling of a tenant over all its runs; `day` counts from midnight UTC. Both absent: no ceiling. */
export interface TenantBudget {
  readonly maxCostUsd?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly period: 'total' | 'day';
}

/** Runs nest this deep at most. */
const maxDepth = 16;

/** Null for a run of its own. Throws `Input.Invalid` when the input names a parent that is not there, or the run itself. */
export async function findParent(database: Database, claim: RunClaim): Promise<ParentRun | null> {
  const run = claim.parentRun ?? (await runAbove(database, claim));
  if (run === null) return null;
  const level = `${claim.namespace}/${run}`;
  const budget = await database
    .selectFrom('budgets')
    .select('above')
    .where('level', '=', level)
    .executeTakeFirst();
  const refuse = (reason: string): Error =>
    failure('Input.Invalid', `parentRun: ${run} ${reason}; example: "evaluation/nightly"`);
  if (!budget) throw refuse('is no run of this namespace');
  const chain = [level, ...budget.above];
  if (chain.includes(levelOf(claim))) throw refuse('is this run itself, or a child of it');
  if (chain.length > maxDepth) throw refuse(`is more than ${maxDepth} runs deep`);
  return { run, chain };
}

export async function openBudget(
  database: Database,
  claim: RunClaim,
  parent: ParentRun | null,
  fresh: boolean,
): Promise<void> {
  const limits = { max_cost_usd: claim.maxCostUsd ?? null, max_tokens: claim.maxTokens ?? null };
  // A tenant pays once, also for a child of a run of its own.
  const above = [...new Set([...(parent?.chain ?? []), `tenant/${claim.tenant}`])];
  await database
    .insertInto('budgets')
    .values({ level: levelOf(claim), above, ...limits })
    .onConflict((conflict) =>
      conflict
        .column('level')
        .doUpdateSet({ above, ...limits, ...(fresh ? { spent_cost_usd: 0, spent_tokens: 0 } : {}) }),
    )
    .execute();
}

/** Those that the config names; the others keep what they have. What is spent stays. */
export async function writeTenantBudgets(
  database: Database,
  tenants: Readonly<Record<string, TenantBudget>>,
): Promise<void> {
  for (const [name, { maxCostUsd, maxTokens, period }] of Object.entries(tenants)) {
    const limits = { max_cost_usd: maxCostUsd ?? null, max_tokens: maxTokens ?? null, period };
    await database
      .insertInto('budgets')
      .values({ level: `tenant/${name}`, ...limits })
      .onConflict((conflict) => conflict.column('level').doUpdateSet(limits))
      .execute();
  }
}

async function runAbove(database: Database, claim: RunClaim): Promise<string | null> {
  for (const workflowId of claim.above ?? []) {
    const row = await database
      .selectFrom('runs')
      .select(['kind', 'name'])
      .where('namespace', '=', claim.namespace)
      .where('workflow_id', '=', workflowId)
      .where('state', '=', 'running')
      .executeTakeFirst();
    if (row && workflowId !== claim.workflowId) return `${row.kind}/${row.name}`;
  }
  return null;
}

function levelOf({ namespace, kind, name }: Pick<RunClaim, 'namespace' | 'kind' | 'name'>): string {
  return `${namespace}/${kind}/${name}`;
}
