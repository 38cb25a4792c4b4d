/** `masgpt dataset pause | resume | tune NAME`: how a dataset's score matrix goes on, while it runs. */
import { defineCommand } from 'citty';
import { type MatrixControl, tuneSchema } from '../../../workflows/matrix/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';

const nameArg = { type: 'positional', description: 'Name of the dataset', required: true } as const;

export const pause = defineCommand({
  meta: { name: 'pause', description: 'Begin no further execution; those under way end' },
  args: { ...commonArgs, name: nameArg },
  run: ({ args }) =>
    runCommand(args, (context) => show(context, args.name, (name) => context.client.dataset.pause(name))),
});

export const resume = defineCommand({
  meta: { name: 'resume', description: 'Go on after a pause' },
  args: { ...commonArgs, name: nameArg },
  run: ({ args }) =>
    runCommand(args, (context) => show(context, args.name, (name) => context.client.dataset.resume(name))),
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
    if (window === undefined && executionsAtOnce === undefined)
      throw new UsageError('say what to change: --window or --executions-at-once');
    const checked = tuneSchema.safeParse({ window, executionsAtOnce });
    if (!checked.success) throw new UsageError(`--window goes up to 64, --executions-at-once to 512`);
    return runCommand(args, (context) =>
      show(context, args.name, (name) => context.client.dataset.tune(name, { window, executionsAtOnce })),
    );
  },
});

async function show(
  { output }: CommandContext,
  given: string,
  ask: (name: string) => Promise<MatrixControl>,
): Promise<unknown> {
  const name = given.replace(/^dataset\//, '');
  const control = await ask(name);
  const { paused, window, executionsAtOnce } = control;
  const each = executionsAtOnce === undefined ? "the worker's own number" : String(executionsAtOnce);
  output.print(
    `dataset/${name}: ${paused ? 'paused' : 'running'}, ${window} batches in flight, ${each} of executions at once in each`,
  );
  return { run: `dataset/${name}`, ...control };
}
