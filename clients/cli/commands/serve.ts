/** `masgpt serve RUN`: serves a trained generator on the loopback interface until Ctrl-C; workers find it as `served.RUN`. */
import { defineCommand } from 'citty';
import { startServing } from '../../dev/serve/start-serving.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';

export default defineCommand({
  meta: { name: 'serve', description: 'Serve a trained generator' },
  args: {
    ...commonArgs,
    run: { type: 'positional', description: 'Name of the training run', required: true },
  },
  run: ({ args }) => runCommand(args, (context) => serve(context, args.run.replace(/^training\//, ''))),
});

async function serve({ config, database, output, signal }: CommandContext, run: string): Promise<unknown> {
  const serving = await startServing({ run, config, database, signal, note: (text) => output.note(text) });
  try {
    const { model, baseUrl, revision } = serving;
    output.print(`${model} answers at ${baseUrl} (key in ${config.home}/models/${model}.key)`);
    output.print(`use it: masgpt ask --generator ${model} "…"; Ctrl-C stops it`);
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined)),
    );
    const givenUp = await Promise.race([stopped, serving.ended]);
    const restarts = serving.restarts();
    if (givenUp !== undefined)
      throw new CommandFailed(givenUp, {
        remedy: `see ${config.home}/logs/${model}.log`,
        document: { model, baseUrl, revision, restarts },
      });
    return { model, baseUrl, revision, restarts };
  } finally {
    await serving.stop();
  }
}
