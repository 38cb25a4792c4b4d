/** `masgpt config`: the configuration that is in effect, after file, environment and flags, and where each value is from. */
import { defineCommand } from 'citty';
import { commonArgs, flagsOf, printConfig, runLocalCommand } from '../command.ts';

export default defineCommand({
  meta: { name: 'config', description: 'Show the configuration that is in effect' },
  args: commonArgs,
  run: ({ args }) =>
    runLocalCommand(args, ({ output, configFile }) =>
      printConfig(output, { file: configFile, env: process.env, flags: flagsOf(args) }),
    ),
});
