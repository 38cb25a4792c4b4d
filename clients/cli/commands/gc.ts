/** `masgpt gc`: removes what no listed run can need. */
import { defineCommand } from 'citty';
import { collect, tell } from '../collect.ts';
import { commonArgs, runCommand } from '../command.ts';

export default defineCommand({
  meta: { name: 'gc', description: 'Remove what no listed run can need' },
  args: {
    ...commonArgs,
    'dry-run': { type: 'boolean', description: 'Say what would go, and remove nothing' },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      const dryRun = args['dry-run'] ?? false;
      const collected = await collect(context, { dryRun });
      context.output.print(tell(collected, dryRun));
      return { dryRun, ...collected };
    }),
});
