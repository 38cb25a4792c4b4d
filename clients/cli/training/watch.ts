/** `masgpt training watch RUN`: loss curve, step, tokens/s, ETA, goodput, attempts and checkpoints, live; plain lines elsewhere. */
import { defineCommand } from 'citty';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { followRun } from '../follow-run.ts';
import { createLiveView } from '../live-view.ts';
import { nameOf, runNameArg } from './operator-flags.ts';
import { findTraining } from './show.ts';
import { parked } from './start.ts';
import { watchFrame } from './watch-frame.ts';

export default defineCommand({
  meta: {
    name: 'watch',
    description: 'Watch a run until it ends: loss, step, ETA, goodput, attempts, checkpoints',
  },
  args: { ...commonArgs, run: runNameArg },
  run: ({ args }) => runCommand(args, (context) => watch(context, nameOf(args.run))),
});

async function watch(context: CommandContext, name: string): Promise<unknown> {
  const { client, output } = context;
  const { run } = await findTraining(context, name);
  const handle = client.training.attach(name);
  const live = process.stderr.isTTY && !output.json ? createLiveView(process.stderr) : undefined;
  let last: Progress | undefined;
  const show = (progress: Progress): void => {
    last = progress;
    if (live) live.draw(watchFrame(run, progress, Date.now(), process.stderr.columns || 80));
    else output.progress(run, progress);
  };
  // Where nobody looks, a run that waits for a person ends the command, not the run.
  const leave = live ? {} : { leave: (progress: Progress) => parked(name, progress) };
  const result = await followRun(context, handle, { show, ...leave }).finally(() => live?.end());
  output.print(`${run}: ${result.steps} steps in ${result.trainSeconds} s, ${result.attempts} attempt(s)`);
  return { ...result, training: last?.training ?? null };
}
