/** `masgpt config`: the configuration that is in effect, after file, environment and flags. */
import { defineCommand } from 'citty';
import { commonArgs, runLocalCommand } from '../command.ts';

export default defineCommand({
  meta: { name: 'config', description: 'Show the configuration that is in effect' },
  args: commonArgs,
  run: ({ args }) =>
    runLocalCommand(args, async ({ config, output }) => {
      output.print(JSON.stringify(config, null, 2));
      return config;
    }),
});
