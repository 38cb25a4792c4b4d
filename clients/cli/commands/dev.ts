/** `masgpt dev`: the embedded stack with a worker, until Ctrl-C; it prints where the UI is and links that start runs. */
import { defineCommand } from 'citty';
import { attachOrStartStack } from '../../dev/stack.ts';
import { startLinks } from '../../dev/start-links.ts';
import { commonArgs, runLocalCommand } from '../command.ts';
import { Interrupted, UsageError } from '../errors.ts';

export default defineCommand({
  meta: {
    name: 'dev',
    description: 'Start the embedded stack and a worker; Ctrl-C stops them, a second one kills',
  },
  args: {
    ...commonArgs,
    port: { type: 'string', description: "Temporal's port (default: the one used before, or a free one)" },
    'ui-port': { type: 'string', description: "The UI's port (default: likewise)" },
  },
  run: ({ args }) => {
    const port = portOf('--port', args.port);
    const uiPort = portOf('--ui-port', args['ui-port']);
    return runLocalCommand(args, async ({ config, configFile, output, signal }) => {
      output.note('starting Temporal, PostgreSQL, the simulated models and a worker');
      const note = (text: string): void => output.note(text);
      await using stack = await attachOrStartStack({
        ...{ config, configFile, note, signal, port, uiPort, purpose: 'dev', mustStart: true },
      });
      const links = startLinks(stack.temporal, config.temporal.taskQueue);
      output.print(`Temporal         ${stack.temporal.address}`);
      if (stack.temporal.uiUrl) output.print(`Temporal UI      ${stack.temporal.uiUrl}`);
      output.print(`Simulated models ${stack.simulator.url} (sim-driver, sim-refiner, sim-judge)`);
      for (const { workflow, url } of links) output.print(`Start ${workflow.padEnd(18)} ${url}`);
      output.print('Other commands in this directory use this stack. Ctrl-C stops it.');
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      throw new Interrupted('interrupted');
    });
  },
});

function portOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`${flag} ${text}: a port is a whole number from 1 to 65535`);
}
