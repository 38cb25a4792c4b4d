/** `masgpt training start --dataset NAME`: fine-tunes a generator under supervision. The same command again attaches or reuses. */
import { defineCommand } from 'citty';
import { findServable } from '../../../activities/training/artefact.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import type { TrainingRequest, TrainingResult } from '../../../workflows/training/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';
import { followRun } from '../follow-run.ts';
import { operatorOf } from './operator-flags.ts';

export default defineCommand({
  meta: { name: 'start', description: 'Fine-tune a generator under supervision' },
  args: {
    ...commonArgs,
    dataset: { type: 'string', description: 'Name of a finished dataset', required: true },
    recipe: { type: 'string', description: 'How to train: a recipe by name', default: 'tiny' },
    launcher: {
      type: 'string',
      description: "Where: this host, or a launcher of the workers' config (default: local)",
    },
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    seed: { type: 'string', description: 'Seed of weights and order', default: '0' },
    resume: { type: 'boolean', description: 'Let a run that waits for an operator go on' },
  },
  run: ({ args }) => {
    const seed = wholeNumber('--seed', args.seed, 0) ?? 0;
    const { dataset, recipe, launcher } = args;
    const input: TrainingRequest = { dataset, recipe, seed, ...(launcher === undefined ? {} : { launcher }) };
    const options = args.name === undefined ? {} : { name: args.name };
    return runCommand(args, (context) => train(context, input, { ...options, resume: args.resume === true }));
  },
});

export async function train(
  context: CommandContext,
  input: TrainingRequest,
  options: { readonly name?: string; readonly resume?: boolean } = {},
): Promise<TrainingResult & { readonly path: string }> {
  const { client, output, database } = context;
  const handle = await client.training.start(input, options);
  if (options.resume) await client.training.resume(handle.name, operatorOf({}));
  const result = await followRun(context, handle, { leave: (progress) => parked(handle.name, progress) });
  const { directory } = await findServable(database, result.run);
  const loss = result.finalLoss === null ? '' : `, loss ${result.finalLoss.toPrecision(3)}`;
  output.print(
    `${result.run}: ${result.steps} steps in ${result.trainSeconds} s, ${result.attempts} attempt(s)${loss}`,
  );
  output.print(
    `model ${result.artefact.slice(0, 12)} in ${directory}; serve it with: masgpt serve ${handle.name}`,
  );
  return { ...result, path: directory };
}

/** Ends a command that follows a run, while the run waits for a person. */
export function parked(name: string, progress: Progress): CommandFailed | undefined {
  if (progress.state !== 'needsOperator') return undefined;
  return new CommandFailed(`the training waits for a person: ${progress.cause ?? 'no cause given'}`, {
    remedy: `\`masgpt training show ${name}\` lists the choices; \`masgpt training resume ${name}\` lets it go on`,
    document: { state: progress.state, cause: progress.cause, step: progress.done, of: progress.total },
  });
}
