/** `masgpt runs list | show | cancel | delete`: the table of runs, which outlives Temporal's own retention. */
import { defineCommand } from 'citty';
import { listRuns, reconcileRuns, type RunRecord, showRun } from '../../../activities/storage/list-runs.ts';
import { createAskStatus } from '../../../activities/storage/workflow-status.ts';
import type { RunKind } from '../../../workflows/shared/run-input.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { columns } from '../columns.ts';
import { deleteRun } from '../runs/delete.ts';

const kinds: readonly RunKind[] = [
  'answer',
  'dataset',
  'verification',
  'training',
  'evaluation',
  'federated',
];
const runArg = {
  type: 'positional',
  description: 'KIND/NAME, as `masgpt runs list` shows it',
  required: true,
} as const;

const list = defineCommand({
  meta: { name: 'list', description: 'Newest first' },
  args: {
    ...commonArgs,
    kind: { type: 'string', description: `Only one kind: ${kinds.join(', ')}` },
    limit: { type: 'string', description: 'At most so many', default: '50' },
  },
  run: ({ args }) => {
    const kind = kinds.find((known) => known === args.kind);
    if (args.kind !== undefined && !kind)
      throw new UsageError(`unknown kind: ${args.kind}`, `one of: ${kinds.join(', ')}`);
    const limit = Number(args.limit);
    if (!Number.isInteger(limit) || limit < 1)
      throw new UsageError(`--limit ${args.limit}: a whole number above 0`);
    return runCommand(args, async (context) => {
      await reconcile(context);
      const runs = await listRuns(context.database, {
        namespace: context.config.temporal.namespace,
        kind,
        limit,
      });
      const rows = runs.map((run) => [run.run, run.state, run.startedAt.toISOString(), usage(run)]);
      context.output.print(
        runs.length === 0 ? 'no runs yet' : columns([['RUN', 'STATE', 'STARTED', 'USAGE'], ...rows]),
      );
      return { runs: runs.map(summary) };
    });
  },
});

const show = defineCommand({
  meta: { name: 'show', description: 'One run: input, state, result, cost, and its page in the Temporal UI' },
  args: { ...commonArgs, run: runArg },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      await reconcile(context);
      const run = await find(context, args.run);
      const { uiUrl, namespace } = context.stack.temporal;
      const page =
        uiUrl &&
        `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(run.workflowId)}/${run.runId}`;
      const document = {
        ...summary(run),
        input: run.input,
        result: run.result,
        ...(page ? { uiUrl: page } : {}),
      };
      context.output.print(JSON.stringify(document, null, 2));
      return document;
    }),
});

const cancel = defineCommand({
  meta: { name: 'cancel', description: 'Ask a running run to stop; what it finished stays stored' },
  args: { ...commonArgs, run: runArg },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      await reconcile(context);
      const run = await find(context, args.run);
      if (run.state !== 'running') throw new CommandFailed(`${run.run} is not running: it ${run.state}`);
      await context.temporal.workflow
        .getHandle(run.workflowId, undefined, { firstExecutionRunId: run.firstRunId })
        .cancel();
      context.output.print(`${run.run}: cancellation requested`);
      return { run: run.run, requested: 'cancel' };
    }),
});

const remove = defineCommand({
  meta: { name: 'delete', description: 'Remove a run that has ended, and what only it needed' },
  args: {
    ...commonArgs,
    run: runArg,
    'dry-run': { type: 'boolean', description: 'Say what would go, and remove nothing' },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      await reconcile(context);
      return deleteRun(context, await find(context, args.run), args['dry-run'] ?? false);
    }),
});

export default defineCommand({
  meta: { name: 'runs', description: 'List, show, cancel and delete runs' },
  subCommands: { list, show, cancel, delete: remove },
  default: 'list',
});

async function reconcile({ database, config, temporal }: CommandContext): Promise<void> {
  await reconcileRuns(
    database,
    config.temporal.namespace,
    createAskStatus(() => temporal),
  );
}

async function find({ database, config }: CommandContext, name: string): Promise<RunRecord> {
  const run = await showRun(database, config.temporal.namespace, name);
  if (!run)
    throw new CommandFailed(`no run ${name}`, { remedy: '`masgpt runs list` shows those that exist' });
  return run;
}

function summary(run: RunRecord): Record<string, unknown> {
  const { input: _input, result: _result, inputHash: _hash, ...rest } = run;
  return rest;
}

function usage(run: RunRecord): string {
  const cost = `$${run.costUsd.toFixed(4)}${run.simulated ? ' (simulated)' : ''}`;
  return `${run.llmCalls} calls, ${run.tokensIn + run.tokensOut} tokens, ${cost}`;
}
