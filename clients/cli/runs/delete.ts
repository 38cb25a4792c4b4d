/**
 * `masgpt runs delete`: a run that has ended, with its histories in Temporal, its row, and everything that only it needed.
 * Histories go first: a deletion that was interrupted is begun again.
 */
import { resolve } from 'node:path';
import type { RunRecord } from '../../../activities/storage/list-runs.ts';
import { isServed, servedName } from '../../dev/serve/served-model.ts';
import { collect, tell } from '../collect.ts';
import type { CommandContext } from '../command.ts';
import { CommandFailed } from '../errors.ts';

export async function deleteRun(
  context: CommandContext,
  run: RunRecord,
  dryRun: boolean,
): Promise<Readonly<Record<string, unknown>>> {
  if (run.state === 'running')
    throw new CommandFailed(`${run.run} is running`, { remedy: `masgpt runs cancel ${run.run}` });
  if (run.kind === 'training' && (await isServed(resolve(context.config.home), servedName(run.name))))
    throw new CommandFailed(`the model of ${run.run} is served now`, {
      remedy: `stop \`masgpt serve ${run.name}\` first`,
    });
  const histories = await historiesOf(context, run.workflowId);
  if (!dryRun) await deleteHistories(context, histories);
  const collected = await collect(context, { dryRun, run: run.run });
  context.output.print(`${run.run}: ${histories.length} histories; ${tell(collected, dryRun)}`);
  return { run: run.run, dryRun, histories: histories.length, ...collected };
}

interface History {
  readonly workflowId: string;
  readonly runId: string;
}

/** Of the workflow and of its children, whose ids begin with its own. */
async function historiesOf({ temporal }: CommandContext, workflowId: string): Promise<History[]> {
  const id = workflowId.replaceAll(/["\\]/g, '\\$&');
  const query = `WorkflowId = "${id}" OR WorkflowId STARTS_WITH "${id}/"`;
  const found: History[] = [];
  for await (const { workflowId: of, runId, status } of temporal.workflow.list({ query })) {
    // A notice that is still being told is told no more: the server ends what it deletes.
    if (status.name === 'RUNNING' && !of.startsWith(`${workflowId}/notice/`))
      throw new CommandFailed(`${of} is running`, { remedy: `masgpt runs cancel ${workflowId}` });
    found.push({ workflowId: of, runId });
  }
  return found;
}

async function deleteHistories(
  { temporal, config }: CommandContext,
  histories: readonly History[],
): Promise<void> {
  const { namespace } = config.temporal;
  for (const execution of histories)
    await temporal.workflowService
      .deleteWorkflowExecution({ namespace, workflowExecution: execution })
      .catch((error: { readonly code?: number }) => {
        if (error.code !== notFound) throw error;
      });
}

/** gRPC. */
const notFound = 5;
