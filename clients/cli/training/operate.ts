/** `masgpt training retry-from | pause | save | abort | change-config | declare-lost RUN`: one update each, kept with who and why. */
import { defineCommand } from 'citty';
import type { ConfigChange } from '../../../workflows/training/config-change.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { amount, wholeNumber } from '../flag-values.ts';
import { nameOf, operatorArgs, operatorOf, runNameArg } from './operator-flags.ts';

const shared = { ...commonArgs, ...operatorArgs, run: runNameArg };
const reasonArg = { type: 'string', description: 'Why; kept with the run', required: true } as const;

export const pause = defineCommand({
  meta: { name: 'pause', description: 'Save, stop the trainer, and wait' },
  args: shared,
  run: ({ args }) => {
    const operator = operatorOf(args);
    return operate(args, 'pause', ({ client }, name) => client.training.pause(name, operator));
  },
});

export const save = defineCommand({
  meta: { name: 'save', description: 'Write a checkpoint now' },
  args: shared,
  run: ({ args }) => {
    const operator = operatorOf(args);
    return operate(args, 'saveNow', ({ client }, name) => client.training.saveNow(name, operator));
  },
});

export const retryFrom = defineCommand({
  meta: {
    name: 'retry-from',
    description: 'Go on from an older verified checkpoint; newer ones are set aside',
  },
  args: {
    ...shared,
    step: { type: 'string', description: 'A verified step, 0 for the start', required: true },
  },
  run: ({ args }) => {
    const operator = operatorOf(args);
    const step = wholeNumber('--step', args.step, 0) ?? 0;
    return operate(args, 'retryFromCheckpoint', ({ client }, name) =>
      client.training.retryFromCheckpoint(name, step, operator),
    );
  },
});

export const abort = defineCommand({
  meta: { name: 'abort', description: 'Save, stop the trainer, and end the run as failed' },
  args: { ...shared, reason: reasonArg },
  run: ({ args }) => {
    const operator = operatorOf(args);
    const reason = said('--reason', args.reason);
    return operate(args, 'abort', ({ client }, name) => client.training.abort(name, reason, operator));
  },
});

export const declareLost = defineCommand({
  meta: { name: 'declare-lost', description: 'Say that an attempt is dead whose host does not answer' },
  args: {
    ...shared,
    epoch: { type: 'string', description: 'Number of the attempt', required: true },
    reason: reasonArg,
  },
  run: ({ args }) => {
    const operator = operatorOf(args);
    const epoch = wholeNumber('--epoch', args.epoch, 1) ?? 1;
    const reason = said('--reason', args.reason);
    return operate(args, 'declareLost', ({ client }, name) =>
      client.training.declareLost(name, epoch, reason, operator),
    );
  },
});

export const changeConfig = defineCommand({
  meta: {
    name: 'change-config',
    description: 'Change the attempts to come of a run that waits; then resume it',
  },
  args: {
    ...shared,
    'batch-size': { type: 'string', description: 'With --gradient-accumulation, at the same product' },
    'gradient-accumulation': { type: 'string', description: 'With --batch-size' },
    'save-steps': { type: 'string', description: 'Steps between checkpoints' },
    'max-steps': { type: 'string', description: 'Upward only' },
    'start-limit-s': { type: 'string', description: 'Seconds of silence that matter before the first step' },
    'step-limit-s': { type: 'string', description: 'The same within a step' },
    'save-limit-s': { type: 'string', description: 'The same within a save' },
    'eval-limit-s': { type: 'string', description: 'The same within an evaluation' },
  },
  run: ({ args }) => {
    const operator = operatorOf(args);
    const limits = defined({
      start: amount('--start-limit-s', args['start-limit-s']),
      step: amount('--step-limit-s', args['step-limit-s']),
      save: amount('--save-limit-s', args['save-limit-s']),
      eval: amount('--eval-limit-s', args['eval-limit-s']),
    });
    const change: ConfigChange = defined({
      batchSize: wholeNumber('--batch-size', args['batch-size'], 1),
      gradientAccumulation: wholeNumber('--gradient-accumulation', args['gradient-accumulation'], 1),
      saveSteps: wholeNumber('--save-steps', args['save-steps'], 1),
      maxSteps: wholeNumber('--max-steps', args['max-steps'], 1),
      phaseLimitS: Object.keys(limits).length === 0 ? undefined : limits,
    });
    if (Object.keys(change).length === 0) throw new UsageError('say what to change, such as --save-steps 50');
    return operate(args, 'changeConfig', ({ client }, name) =>
      client.training.changeConfig(name, change, operator),
    );
  },
});

function operate(
  args: { readonly run: string; readonly json?: boolean | undefined },
  update: string,
  send: (context: CommandContext, name: string) => Promise<void>,
): Promise<void> {
  const name = nameOf(args.run);
  return runCommand(args, async (context) => {
    await send(context, name);
    context.output.print(`training/${name}: ${update} accepted`);
    return { run: `training/${name}`, update, accepted: true };
  });
}

function said(flag: string, text: string): string {
  if (text.trim() === '' || text.length > 500) throw new UsageError(`${flag}: a text of 1 to 500 characters`);
  return text;
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
