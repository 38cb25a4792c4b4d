/** `masgpt training list`: runs with their state, step and cause; `--state needsOperator` are those that wait for a person. */
import { defineCommand } from 'citty';
import { listRuns, reconcileRuns } from '../../../activities/storage/list-runs.ts';
import { createAskStatus } from '../../../activities/storage/workflow-status.ts';
import { trainingStates } from '../../../workflows/training/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { columns } from '../columns.ts';
import { oneOf, wholeNumber } from '../flag-values.ts';
import { hasCause, listOpenRuns } from './open-runs.ts';

export default defineCommand({
  meta: { name: 'list', description: 'Training runs, newest first' },
  args: {
    ...commonArgs,
    state: { type: 'string', description: `Only one state: ${trainingStates.join(', ')}` },
    cause: { type: 'string', description: 'Only one cause, such as diskFull' },
    limit: { type: 'string', description: 'At most so many', default: '50' },
  },
  run: ({ args }) => {
    const limit = wholeNumber('--limit', args.limit, 1) ?? 50;
    const state = args.state === undefined ? undefined : oneOf('--state', args.state, trainingStates);
    return runCommand(args, (context) => list(context, { state, cause: args.cause, limit }));
  },
});

async function list(
  context: CommandContext,
  wanted: {
    readonly state?: string | undefined;
    readonly cause?: string | undefined;
    readonly limit: number;
  },
): Promise<unknown> {
  const { database, config, temporal, output } = context;
  const { namespace } = config.temporal;
  await reconcileRuns(
    database,
    namespace,
    createAskStatus(() => temporal),
  );
  const open = new Map((await listOpenRuns(context)).map((run) => [run.workflowId, run]));
  const all = await listRuns(database, { namespace, kind: 'training', limit: maxRows });
  const runs = all
    .map(({ run, name, workflowId, state, cause, startedAt, endedAt }) => {
      const live = state === 'running' ? open.get(workflowId) : undefined;
      return {
        ...{ run, name, workflowId, state: live?.state ?? state, cause: live?.cause ?? cause ?? '' },
        ...{ startedAt, endedAt },
      };
    })
    .filter((run) => wanted.state === undefined || run.state === wanted.state)
    .filter((run) => wanted.cause === undefined || hasCause(run, wanted.cause))
    .slice(0, wanted.limit);
  const rows = runs.map(({ name, state, startedAt, cause }) => [
    ...[name, state, startedAt.toISOString().slice(0, 19)],
    cause.length > maxCause ? `${cause.slice(0, maxCause)}…` : cause,
  ]);
  output.print(
    rows.length === 0 ? 'no such run' : columns([['RUN', 'STATE', 'STARTED (UTC)', 'CAUSE'], ...rows]),
  );
  return { runs };
}

const maxRows = 10_000;
const maxCause = 80;
