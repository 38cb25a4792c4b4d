/** `masgpt training show RUN`: state, why it waits and what can be done, attempts, checkpoints, what operators did. */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { type RunRecord, showRun } from '../../../activities/storage/list-runs.ts';
import { type KeptTail, keptTail, scopeOfAttempt } from '../../../activities/training/attempt-records.ts';
import type { AttemptScope } from '../../../activities/training/launcher.ts';
import { type FinishedModel, listModels } from '../../../activities/training/list-models.ts';
import { type KeptOperation, listOperations } from '../../../activities/training/operations.ts';
import { terminal } from '../../../workflows/shared/encode/terminal.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { duration } from '../../../workflows/shared/progress-words.ts';
import type { TrainingView } from '../../../workflows/training/view.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { columns } from '../columns.ts';
import { CommandFailed } from '../errors.ts';
import { nameOf, runNameArg } from './operator-flags.ts';

export default defineCommand({
  meta: {
    name: 'show',
    description: 'One run: why it waits, its choices, attempts, checkpoints and operators',
  },
  args: { ...commonArgs, run: runNameArg },
  run: ({ args }) => runCommand(args, (context) => show(context, nameOf(args.run))),
});

async function show(context: CommandContext, name: string): Promise<unknown> {
  const { database, config, client, output, stack } = context;
  const row = await findTraining(context, name);
  // A run that Temporal has forgotten still has its row.
  const progress = await client.training.progress(name).catch(() => undefined);
  const operations = await listOperations(database, row.run);
  const { uiUrl, namespace } = { ...stack.temporal, namespace: config.temporal.namespace };
  const page =
    uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(row.workflowId)}/${row.runId}`;
  const root = join(resolve(config.home), 'training');
  const epoch = progress?.training?.epoch ?? null;
  const scope = epoch === null ? undefined : await scopeOfAttempt(root, row.run, epoch);
  const tail = await keptTail(database, row.run);
  const [model] = await listModels(database, root, { run: row.run });
  output.print(
    [
      describe(row, progress, operations, page),
      ...(scope ? [`attempt ${epoch} stands ${scopeWords(scope)}`] : []),
      ...(model ? modelLines(model) : []),
      ...(tail && row.state !== 'succeeded' ? tailLines(tail) : []),
    ].join('\n'),
  );
  return {
    ...{ run: row.run, workflowId: row.workflowId, state: stateOf(row, progress) },
    ...{ cause: progress?.cause ?? row.cause, step: progress?.done ?? null, of: progress?.total ?? null },
    ...{ input: row.input, result: row.result, training: progress?.training ?? null, operations },
    ...(page ? { uiUrl: page } : {}),
    ...{ scope: scope ?? null, tail: tail ?? null, model: model ?? null },
  };
}

export async function findTraining(
  { database, config }: Pick<CommandContext, 'database' | 'config'>,
  name: string,
): Promise<RunRecord> {
  const row = await showRun(database, config.temporal.namespace, `training/${name}`);
  if (row) return row;
  throw new CommandFailed(`no training run ${name}`, {
    remedy: '`masgpt training list` shows those that exist',
  });
}

function modelLines({ sha256, directory, card, run }: FinishedModel): string[] {
  return [
    '',
    `model ${sha256.slice(0, 12)} in ${directory}; serve it with: masgpt serve ${run.replace(/^training\//, '')}`,
    `card: ${card ?? 'none here'}`,
  ];
}

const shownTailLines = 15;

/** Foreign, and cut. */
function tailLines({ epoch, class: kind, tail }: KeptTail): string[] {
  const lines = terminal(tail).trimEnd().split('\n').slice(-shownTailLines);
  return [
    '',
    `the end of attempt ${epoch}'s log (${kind ?? 'no class'})`,
    ...lines.map((line) => `  ${line}`),
  ];
}

/** Where the end of a worker's unit, or of its container, would take the trainer along. */
function scopeWords({ kind, container }: AttemptScope): string {
  const where =
    kind === 'session'
      ? "in the worker's own scope: its unit's end ends the trainer"
      : `in a scope of its own (${kind})`;
  return container ? `${where}; the container's end ends it` : where;
}

function stateOf(row: RunRecord, progress: Progress | undefined): string {
  return row.state === 'running' ? (progress?.state ?? 'running') : row.state;
}

function describe(
  row: RunRecord,
  progress: Progress | undefined,
  operations: readonly KeptOperation[],
  page: string | undefined,
): string {
  const training = progress?.training;
  const lines = [
    `${row.run}: ${stateOf(row, progress)}${progress ? `, step ${progress.done} of ${progress.total}` : ''}`,
  ];
  const cause = progress?.cause || row.cause;
  if (cause) lines.push(`cause: ${cause}`);
  if (page) lines.push(page);
  if (training) lines.push(...viewLines(training));
  if (operations.length > 0) {
    lines.push('', 'operators');
    const rows = operations.map(({ at, update, by, identity, why, argument }) => [
      ...[at.toISOString().slice(0, 19), update, argument, by || identity, why],
    ]);
    lines.push(columns([['AT (UTC)', 'UPDATE', 'ARGUMENT', 'BY', 'WHY'], ...rows]));
  }
  return lines.join('\n');
}

function viewLines({ parked, attempts, checkpoints, goodput, waitedMs, notices }: TrainingView): string[] {
  const lines: string[] = [];
  if (parked) {
    lines.push(`seen: ${parked.evidence}`, `since: ${new Date(parked.sinceMs).toISOString()}`);
    lines.push(
      `last verified checkpoint: ${parked.lastVerifiedStep ?? 'none'}`,
      `log: ${parked.log}`,
      '',
      'choices',
    );
    const rows = parked.choices.map(({ does, command, update, input }) => [
      command,
      does,
      `${update} ${input}`,
    ]);
    lines.push(columns([['COMMAND', 'DOES', 'UPDATE IN THE UI'], ...rows]));
  }
  lines.push('', `verified checkpoints: ${checkpoints.join(', ') || 'none'}`);
  if (goodput !== null)
    lines.push(
      `goodput: ${(100 * goodput).toFixed(1)} %${waitedMs ? `, without ${duration(waitedMs / 1_000)} of waiting for people` : ''}`,
    );
  if (attempts.length > 0) lines.push('', 'attempts', attemptTable(attempts));
  if (notices.length > 0)
    lines.push('', 'notices', ...notices.map(({ kind, step, text }) => `step ${step}: ${kind}: ${text}`));
  return lines;
}

export function attemptTable(attempts: TrainingView['attempts']): string {
  const rows = attempts.map((attempt) => {
    const { epoch, host, fromStep, toStep, startedMs, endedMs, class: kind, cause } = attempt;
    const lasted = endedMs === null ? 'runs' : duration((endedMs - startedMs) / 1_000);
    return [String(epoch), host, `${fromStep} to ${toStep}`, lasted, kind ?? '', cause ?? ''];
  });
  return columns([['ATTEMPT', 'HOST', 'STEPS', 'LASTED', 'END', 'CAUSE'], ...rows]);
}
