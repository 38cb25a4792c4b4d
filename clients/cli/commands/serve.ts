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
    const stopped = new Promise<'stopped'>((resolve) =>
      signal.addEventListener('abort', () => resolve('stopped')),
    );
    const end = await Promise.race([stopped, serving.ended.then(() => 'ended' as const)]);
    if (end === 'ended')
      throw new CommandFailed('the model server ended by itself', { remedy: `see ${config.home}/logs` });
    return { model, baseUrl, revision };
  } finally {
    await serving.stop();
  }
}
