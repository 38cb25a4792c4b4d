/**
 * Runs: one row per (namespace, kind, name), claimed at the start, settled at the end. It outlives Temporal's retention.
 * The owner is a workflow chain: (workflow id, first execution's run id).
 */
import { sql } from 'kysely';
import type { RunKind } from '../../workflows/shared/run-input.ts';
import type { RunActivities, RunSettlement } from '../../workflows/shared/with-run.ts';
import { failure } from '../failure.ts';
import { canonicalHash } from './canonical-json.ts';
import { findParent, openBudget, type ParentRun } from './budget-chain.ts';
import { toJson, toText } from './encode.ts';
import type { Database } from './tables.ts';
import type { RunState } from './tables/runs.ts';
import type { AskStatus, WorkflowChain } from './workflow-status.ts';

export interface RunClaim extends WorkflowChain {
  readonly kind: RunKind;
  readonly name: string;
  readonly runId: string;
  readonly tenant: string;
  /** KIND/NAME, as the input says. */
  readonly parentRun?: string | undefined;
  /** Ids of the workflows above, nearest first: the nearest that is a run is the parent when the input names none. */
  readonly above?: readonly string[] | undefined;
  /** The resolved input; `name` is no part of its identity. */
  readonly input: unknown;
  readonly maxCostUsd?: number | undefined;
  readonly maxTokens?: number | undefined;
}

export interface Runs {
  /**
   * Takes the name, or keeps it when this owner has it. A holder that ended is replaced, also one that was terminated
   * and could not say so. Opens the run's budget below its parent's. Throws `Run.NameTaken` while another owner's workflow
   * is open, `Input.Invalid` for a parent that is not there.
   */
  claim(claim: RunClaim): Promise<void>;
  /** Idempotent. Throws `Fence.Stale` when another owner has the name by now. */
  finish(settlement: RunSettlement): Promise<void>;
}

export function createRuns(ports: { readonly database: Database; readonly askStatus: AskStatus }): Runs {
  const { database, askStatus } = ports;
  return {
    async claim(claim) {
      const inputHash = hashInput(claim.input);
      const parent = await findParent(database, claim);
      for (;;) {
        const holder = await findHolder(database, claim);
        if (!holder) {
          if (await insertRun(database, claim, inputHash, parent)) return;
        } else {
          const isOwn = holder.workflow_id === claim.workflowId && holder.first_run_id === claim.firstRunId;
          if (!isOwn && holder.state === 'running') await refuseIfOpen(claim, holder, askStatus);
          if (await replaceRun(database, claim, inputHash, parent, holder)) return;
        }
        // Somebody else changed the row in between: look again.
      }
    },
    finish: (settlement) => finishRun(database, settlement),
  };
}

/** Activities `finishRun`; each domain adds its own resolve activity (resolve-input.ts). */
export function createRunActivities(ports: { readonly runs: Runs }): RunActivities {
  return { finishRun: (settlement) => ports.runs.finish(settlement) };
}

export function hashInput(input: unknown): string {
  const { name: _name, ...rest } = input as { name?: unknown };
  return canonicalHash(rest);
}

interface Holder {
  readonly workflow_id: string;
  readonly first_run_id: string;
  readonly state: RunState;
  readonly input_hash: string;
  readonly run_id: string;
}

async function findHolder(database: Database, claim: RunClaim): Promise<Holder | undefined> {
  return database
    .selectFrom('runs')
    .select(['workflow_id', 'first_run_id', 'state', 'input_hash', 'run_id'])
    .where('namespace', '=', claim.namespace)
    .where('kind', '=', claim.kind)
    .where('name', '=', claim.name)
    .executeTakeFirst();
}

async function refuseIfOpen(claim: RunClaim, holder: Holder, askStatus: AskStatus): Promise<void> {
  const status = await askStatus({
    namespace: claim.namespace,
    workflowId: holder.workflow_id,
    firstRunId: holder.first_run_id,
  });
  if (status !== 'open') return;
  const same = holder.input_hash === hashInput(claim.input);
  throw failure(
    'Run.NameTaken',
    `${claim.kind}/${claim.name} is running as workflow ${holder.workflow_id} ` +
      (same ? 'with the same input: attach to that one' : 'with another input: choose another name') +
      `, or cancel it with "masgpt runs cancel ${claim.kind}/${claim.name}"`,
  );
}

async function insertRun(
  database: Database,
  claim: RunClaim,
  inputHash: string,
  parent: ParentRun | null,
): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const inserted = await transaction
      .insertInto('runs')
      .values({
        namespace: claim.namespace,
        kind: claim.kind,
        name: claim.name,
        ...ownership(claim, inputHash, parent),
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
    await openBudget(transaction, claim, parent, true);
    return true;
  });
}

/** Only over the holder that was seen: two claims at once never both win. What another input spent is not this one's. */
async function replaceRun(
  database: Database,
  claim: RunClaim,
  inputHash: string,
  parent: ParentRun | null,
  holder: Holder,
): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const updated = await transaction
      .updateTable('runs')
      .set({ ...ownership(claim, inputHash, parent), result: null, cause: null, ended_at: null })
      .where('namespace', '=', claim.namespace)
      .where('kind', '=', claim.kind)
      .where('name', '=', claim.name)
      .where('first_run_id', '=', holder.first_run_id)
      .where('run_id', '=', holder.run_id)
      .where('state', '=', holder.state)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n) return false;
    await openBudget(transaction, claim, parent, holder.input_hash !== inputHash);
    return true;
  });
}

function ownership(claim: RunClaim, inputHash: string, parent: ParentRun | null) {
  return {
    tenant: claim.tenant,
    parent: parent?.run ?? null,
    workflow_id: claim.workflowId,
    first_run_id: claim.firstRunId,
    run_id: claim.runId,
    input_hash: inputHash,
    input: toJson(claim.input),
    state: 'running' as const,
    started_at: sql<Date>`now()`,
  };
}

async function finishRun(database: Database, settlement: RunSettlement): Promise<void> {
  const { usage } = settlement;
  const [kind = '', name = ''] = settlement.run.split('/');
  const updated = await database
    .updateTable('runs')
    .set({
      state: settlement.state,
      result: settlement.result === null ? null : toJson(settlement.result),
      cause: settlement.cause === null ? null : toText(settlement.cause),
      llm_calls: usage.llmCalls,
      tokens_in: usage.tokensIn,
      tokens_out: usage.tokensOut,
      cost_usd: usage.costUsd,
      simulated: settlement.simulated,
      ended_at: sql<Date>`coalesce(ended_at, now())`,
    })
    .where('namespace', '=', settlement.namespace)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('workflow_id', '=', settlement.workflowId)
    .where('first_run_id', '=', settlement.firstRunId)
    .executeTakeFirst();
  if (updated.numUpdatedRows === 1n) return;
  throw failure(
    'Fence.Stale',
    `${settlement.run} belongs to another workflow by now; this one's result is not stored`,
  );
}
