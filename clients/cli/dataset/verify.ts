/** `masgpt dataset verify NAME`: executes a sample of the rows again on fresh draws, and says how many solve their query again. */
import { defineCommand } from 'citty';
import type { Rate } from '../../../workflows/dataset/verify-contract.ts';
import { budgetArgs, budgetOf } from '../budget-flags.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';
import { wholeNumber } from '../flag-values.ts';
import { followRun } from '../follow-run.ts';

export default defineCommand({
  meta: { name: 'verify', description: 'Execute rows of a dataset again on fresh draws' },
  args: {
    ...commonArgs,
    name: { type: 'positional', description: 'Name of the dataset', required: true },
    rows: { type: 'string', description: 'Rows of the random sample', default: '100' },
    seed: { type: 'string', description: 'Of the sample and of the draws', default: '0' },
    ...budgetArgs,
  },
  run: ({ args }) => {
    const rows = wholeNumber('--rows', args.rows, 1) ?? 100;
    const seed = wholeNumber('--seed', args.seed, 0) ?? 0;
    const budget = budgetOf(args);
    return runCommand(args, async (context) => {
      const { client, output } = context;
      const dataset = args.name.replace(/^dataset\//, '');
      const input = { dataset, rows, seed, ...budget };
      const handle = await client.verification.start(input, { name: nameOf(dataset, rows, seed) });
      const result = await followRun(context, handle);
      const { groups, adapted, base, expected, failures, simulated } = result;
      const named: [string, Rate][] = [
        ['all', result],
        ['adapted programs', adapted],
        ['base programs', base],
        ...groups.map((group): [string, Rate] => [group.group, group]),
      ];
      output.print(columns([['ROWS', 'SAMPLE', 'SOLVED', 'RATE', '95 %'], ...named.map(line)]));
      output.print(
        expected === null
          ? 'the dataset states no expected label precision: its executions were repeated once'
          : `expected label precision: ${percent(expected.estimate)} (${range(expected.interval)})`,
      );
      for (const [kind, count] of Object.entries(failures)) output.print(`${count} x ${kind}`);
      if (simulated) output.print('the driver was simulated');
      return result;
    });
  },
});

const maxNameLength = 64;

/** Another sample is another run; the same one resumes. */
function nameOf(dataset: string, rows: number, seed: number): string {
  const suffix = `-${rows}-s${seed}`;
  return `${dataset.slice(0, maxNameLength - suffix.length)}${suffix}`;
}

function line([name, { rows, solved, rate, interval }]: [string, Rate]): string[] {
  if (rows === 0) return [name, '0', '0', '', ''];
  return [name, String(rows), String(solved), percent(rate), range(interval)];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function range({ low, high }: Rate['interval']): string {
  return `${percent(low)} to ${percent(high)}`;
}
