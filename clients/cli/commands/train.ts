/** `masgpt train --dataset NAME`: fine-tunes a generator under supervision. The same command again attaches or reuses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineCommand } from 'citty';
import { findServable } from '../../../activities/training/artefact.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import {
  type TrainingRequest,
  type TrainingResult,
  trainingUpdates,
} from '../../../workflows/training/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';

const pollMs = 500;

export default defineCommand({
  meta: { name: 'train', description: 'Fine-tune a generator under supervision' },
  args: {
    ...commonArgs,
    dataset: { type: 'string', description: 'Name of a finished dataset', required: true },
    recipe: { type: 'string', description: 'How to train: a recipe by name', default: 'tiny' },
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    seed: { type: 'string', description: 'Seed of weights and order', default: '0' },
    resume: { type: 'boolean', description: 'Let a run that waits for an operator go on' },
  },
  run: ({ args }) => {
    const seed = Number(args.seed);
    if (!Number.isInteger(seed) || seed < 0)
      throw new UsageError(`--seed ${args.seed}: not a whole number from 0 on`);
    const input: TrainingRequest = { dataset: args.dataset, recipe: args.recipe, seed };
    const options = args.name === undefined ? {} : { name: args.name };
    return runCommand(args, (context) => train(context, input, { ...options, resume: args.resume === true }));
  },
});

export async function train(
  context: CommandContext,
  input: TrainingRequest,
  options: { readonly name?: string; readonly resume?: boolean } = {},
): Promise<TrainingResult & { readonly path: string }> {
  const { client, output, database, temporal } = context;
  const handle = await client.training.start(input, options);
  output.note(`${handle.attached ? 'attached to' : 'started'} ${handle.workflowId}`);
  if (options.resume)
    await temporal.workflow.getHandle(handle.workflowId).executeUpdate(trainingUpdates.resume);
  const ended = new AbortController();
  const following = follow(context, handle, ended.signal);
  const result = await Promise.race([handle.result(), parked(following)]).finally(() => ended.abort());
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

/** Shows the progress until the run ends; resolves with it when the run waits for an operator. */
async function follow(
  { output, signal }: CommandContext,
  handle: { readonly name: string; progress(): Promise<Progress> },
  ended: AbortSignal,
): Promise<Progress | undefined> {
  while (!ended.aborted && !signal.aborted) {
    const progress = await handle.progress().catch(() => undefined);
    if (progress) output.progress(`training/${handle.name}`, progress);
    if (progress?.state === 'needsOperator') return progress;
    await sleep(pollMs, undefined, { signal: ended }).catch(() => {});
  }
  return undefined;
}

async function parked(following: Promise<Progress | undefined>): Promise<never> {
  const progress = await following;
  if (!progress) return new Promise<never>(() => {});
  throw new CommandFailed(`the training waits for a person: ${progress.cause ?? 'no cause given'}`, {
    remedy: 'the same command with --resume lets it go on; its page in the Temporal UI lists all choices',
    document: { state: progress.state, cause: progress.cause, step: progress.done, of: progress.total },
  });
}
