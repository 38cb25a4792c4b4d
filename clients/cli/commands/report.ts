/** `masgpt report RUN`: writes the report of a finished evaluation as one HTML file, and says where it is. */
import { defineCommand } from 'citty';
import { showRun } from '../../../activities/storage/list-runs.ts';
import type { EvaluationResult } from '../../../workflows/evaluation/contract.ts';
import { commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { writeReport } from '../write-report.ts';

export default defineCommand({
  meta: { name: 'report', description: 'Write the report of an evaluation as HTML' },
  args: {
    ...commonArgs,
    run: { type: 'positional', description: 'Name of the evaluation', required: true },
    out: {
      type: 'string',
      description: 'Directory for the report (default: HOME/reports)',
      valueHint: 'dir',
    },
  },
  run: ({ args }) =>
    runCommand(args, async (context) => {
      const name = args.run.replace(/^evaluation\//, '');
      const { namespace } = context.config.temporal;
      const run = await showRun(context.database, namespace, `evaluation/${name}`);
      if (!run)
        throw new CommandFailed(`there is no evaluation "${name}"`, {
          remedy: 'see `masgpt runs list --kind evaluation`',
        });
      if (run.state !== 'succeeded') {
        const cause = run.cause === null ? '' : `: ${run.cause}`;
        throw new CommandFailed(`evaluation "${name}" has no report: it is ${run.state}${cause}`, {
          remedy: 'the same `masgpt evaluate` command again goes on with it',
        });
      }
      const result = run.result as EvaluationResult;
      const reportPath = await writeReport(context, result, args.out);
      context.output.print(reportPath);
      return { results: result.results, reportPath };
    }),
});
