/** `masgpt dataset pause | resume | tune NAME`: how a dataset's score matrix goes on, while it runs. */
import { defineCommand } from 'citty';
import type { MatrixControl } from '../../../workflows/matrix/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { wholeNumber } from '../flag-values.ts';

const nameArg = { type: 'positional', description: 'Name of the dataset', required: true } as const;

export const pause = defineCommand({
  meta: { name: 'pause', description: 'Begin no further execution; those under way end' },
  args: { ...commonArgs, name: nameArg },
  run: ({ args }) =>
    runCommand(args, (context) => show(context, args.name, context.client.dataset.pause(args.name))),
});

export const resume = defineCommand({
  meta: { name: 'resume', description: 'Go on after a pause' },
  args: { ...commonArgs, name: nameArg },
  run: ({ args }) =>
    runCommand(args, (context) => show(context, args.name, context.client.dataset.resume(args.name))),
});

export const tune = defineCommand({
  meta: { name: 'tune', description: 'Change how much runs at once' },
  args: {
    ...commonArgs,
    name: nameArg,
    window: { type: 'string', description: 'Batches in flight, 1 to 64', valueHint: 'n' },
    'executions-at-once': {
      type: 'string',
      description: 'Executions at once in each batch, 1 to 512',
      valueHint: 'n',
    },
  },
  run: ({ args }) => {
    const window = wholeNumber('--window', args.window, 1);
    const executionsAtOnce = wholeNumber('--executions-at-once', args['executions-at-once'], 1);
    return runCommand(args, (context) =>
      show(context, args.name, context.client.dataset.tune(args.name, { window, executionsAtOnce })),
    );
  },
});

async function show(
  { output }: CommandContext,
  name: string,
  asked: Promise<MatrixControl>,
): Promise<unknown> {
  const control = await asked;
  const { paused, window, executionsAtOnce } = control;
  const each = executionsAtOnce === undefined ? "the worker's own number" : String(executionsAtOnce);
  output.print(
    `dataset/${name}: ${paused ? 'paused' : 'running'}, ${window} batches in flight, ${each} of executions at once in each`,
  );
  return { run: `dataset/${name}`, ...control };
}
