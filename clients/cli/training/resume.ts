/** `masgpt training resume RUN`, or `resume --cause diskFull`: lets runs that wait go on; `--dry-run` says which. */
import { defineCommand } from 'citty';
import { isFailure } from '../../../activities/failure.ts';
import { failureClasses } from '../../../workflows/training/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import type { Operator } from '../../steer-training.ts';
import { hasCause, listOpenRuns } from './open-runs.ts';
import { nameOf, operatorArgs, operatorOf } from './operator-flags.ts';

export default defineCommand({
  meta: { name: 'resume', description: 'Let a run that waits go on, or all that wait for one cause' },
  args: {
    ...commonArgs,
    ...operatorArgs,
    run: { type: 'positional', description: 'Name of the run', required: false },
    cause: { type: 'string', description: 'All runs that wait for this cause, such as diskFull' },
    'dry-run': { type: 'boolean', description: 'With --cause: say which, and resume none' },
  },
  run: ({ args }) => {
    const operator = operatorOf(args);
    const dryRun = args['dry-run'] === true;
    if ((args.run === undefined) === (args.cause === undefined))
      throw new UsageError('name one run, or a cause with --cause');
    if (args.run !== undefined) {
      if (dryRun) throw new UsageError('--dry-run goes with --cause');
      const name = nameOf(args.run);
      return runCommand(args, async ({ client, output }) => {
        await client.training.resume(name, operator);
        output.print(`training/${name}: resumed`);
        return { run: `training/${name}`, update: 'resume', accepted: true };
      });
    }
    const cause = causeOf(args.cause ?? '');
    return runCommand(args, (context) => resumeMany(context, cause, dryRun, operator));
  },
});

function causeOf(text: string): string {
  const [kind = ''] = text.split('/');
  if (failureClasses.some((known) => known === kind)) return text;
  throw new UsageError(`--cause ${text}: one of ${failureClasses.join(', ')} is expected`);
}

/** Each by itself: what went on in between is left alone, and said. */
async function resumeMany(
  context: CommandContext,
  cause: string,
  dryRun: boolean,
  operator: Operator,
): Promise<unknown> {
  const { client, output } = context;
  const waiting = (await listOpenRuns(context)).filter(
    (run) => run.state === 'needsOperator' && hasCause(run, cause),
  );
  const resumed: string[] = [];
  const refused: { run: string; message: string }[] = [];
  for (const { name, workflowId: run, cause: why } of waiting) {
    if (dryRun) {
      output.print(`${run}: would be resumed (${why})`);
      continue;
    }
    try {
      await client.training.resume(name, operator);
      resumed.push(run);
      output.print(`${run}: resumed (${why})`);
    } catch (error) {
      if (!isFailure(error)) throw error;
      refused.push({ run, message: error.message });
      output.print(`${run}: not resumed: ${error.message}`);
    }
  }
  if (waiting.length === 0) output.print(`no run waits for ${cause}`);
  const document = { cause, dryRun, waiting: waiting.map(({ workflowId }) => workflowId), resumed, refused };
  if (refused.length > 0)
    throw new CommandFailed(`${refused.length} of ${waiting.length} runs were not resumed`, { document });
  return document;
}
