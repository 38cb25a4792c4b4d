/** The training runs that are open, with what they last told: from Temporal's list, no run is asked. */
import type { CommandContext } from '../command.ts';
import { superviseTrainingType } from '../../../workflows/training/contract.ts';

export interface OpenRun {
  readonly name: string;
  readonly workflowId: string;
  /** Of the run's own states. */
  readonly state: string;
  /** "cause: why"; empty for none. */
  readonly cause: string;
}

export async function listOpenRuns({ temporal }: Pick<CommandContext, 'temporal'>): Promise<OpenRun[]> {
  const runs: OpenRun[] = [];
  const query = `WorkflowType = "${superviseTrainingType}" and ExecutionStatus = "Running"`;
  for await (const { workflowId, memo } of temporal.workflow.list({ query })) {
    const { state, cause } = (memo ?? {}) as { state?: unknown; cause?: unknown };
    runs.push({
      name: workflowId.replace(/^training\//, ''),
      workflowId,
      state: typeof state === 'string' ? state : 'pending',
      cause: typeof cause === 'string' ? cause : '',
    });
  }
  return runs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A class ("diskFull") or a whole cause ("diskFull/beforeSave"). */
export function hasCause(run: OpenRun, cause: string): boolean {
  return run.cause === cause || run.cause.startsWith(`${cause}:`) || run.cause.startsWith(`${cause}/`);
}
