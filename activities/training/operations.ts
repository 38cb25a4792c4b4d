/** The log of what operators did: who, when, why. Kept in PostgreSQL, beyond Temporal's retention. */
import type { Client } from '@temporalio/client';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';

export interface OperationRecord {
  /** training/NAME. */
  readonly run: string;
  readonly workflowId: string;
  readonly workflowRunId: string;
  readonly updateId: string;
  readonly update: string;
  /** As the operator said; empty when not. */
  readonly by: string;
  readonly why: string;
  /** JSON; empty for none. */
  readonly argument: string;
  readonly atMs: number;
}

/** Idempotent. Returns the identity of the client that sent the update; empty where the server does not tell it. */
export async function recordOperation(
  database: Database,
  client: Client,
  record: OperationRecord,
): Promise<string> {
  const { run, workflowRunId, updateId } = record;
  const identity = await identityOf(client, record).catch(() => '');
  await database
    .insertInto('training_operations')
    .values({
      run,
      workflow_run_id: workflowRunId,
      update_id: updateId,
      operation: record.update,
      operator: toText(record.by),
      identity: toText(identity),
      why: toText(record.why),
      argument: toText(record.argument),
      at: new Date(record.atMs),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return identity;
}

export interface KeptOperation {
  readonly update: string;
  readonly by: string;
  readonly identity: string;
  readonly why: string;
  readonly argument: string;
  readonly at: Date;
}

/** Oldest first, over all workflows of the run's name. */
export async function listOperations(database: Database, run: string): Promise<KeptOperation[]> {
  return database
    .selectFrom('training_operations')
    .select(['operation as update', 'operator as by', 'identity', 'why', 'argument', 'at'])
    .where('run', '=', run)
    .orderBy('at')
    .execute();
}

/** Pages of history, newest events first, that are searched for the update. */
const maxPages = 4;

/** A workflow is not told who sent an update; its history is. */
async function identityOf(client: Client, record: OperationRecord): Promise<string> {
  let nextPageToken: Uint8Array | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId: record.workflowId, runId: record.workflowRunId },
      maximumPageSize: 64,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    for (const event of answer.history?.events ?? []) {
      const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
      if (request?.meta?.updateId === record.updateId) return (request.meta.identity ?? '').slice(0, 200);
    }
    nextPageToken = answer.nextPageToken ?? undefined;
    if (!nextPageToken?.length) return '';
  }
  return '';
}
