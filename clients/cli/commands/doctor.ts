/** `masgpt doctor`: every part, and one remedy for each that is not well. Exit code 1 when one is not. */
import { defineCommand } from 'citty';
import { loadConfig } from '../../../workers/config/load.ts';
import { type Config, configSchema } from '../../../workers/config/schema.ts';
import { type Check, examine } from '../../dev/doctor.ts';
import { columns } from '../columns.ts';
import { commonArgs, runLocalCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';

export default defineCommand({
  meta: { name: 'doctor', description: 'Check every part; one remedy per line' },
  args: commonArgs,
  async run({ args }) {
    const { config, check } = await readConfig(args);
    return runLocalCommand(
      args,
      async ({ output }) => {
        const checks = [check, ...(await examine(config, process.env))];
        const ok = checks.every((one) => one.ok);
        output.print(columns(checks.map((one) => [one.ok ? 'ok' : 'FAULT', one.name, one.detail])));
        for (const { name, remedy } of checks) if (remedy) output.print(`${name}: ${remedy}`);
        const document = { ok, checks };
        if (ok) return document;
        const faults = checks.filter((one) => !one.ok).map((one) => one.name);
        throw new CommandFailed(`not well: ${faults.join(', ')}`, { document });
      },
      { config },
    );
  },
});

/** A faulty file is one of the findings; the other parts are then looked at with the defaults. */
async function readConfig(args: {
  config?: string | undefined;
  home?: string | undefined;
}): Promise<{ config: Config; check: Check }> {
  const name = 'config';
  try {
    const config = await loadConfig({ file: args.config, env: process.env, flags: { home: args.home } });
    return { config, check: { name, ok: true, detail: args.config ?? 'valid' } };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const config = configSchema.parse(args.home ? { home: args.home } : {});
    return {
      config,
      check: { name, ok: false, detail, remedy: 'correct the file, or name another with --config' },
    };
  }
}
