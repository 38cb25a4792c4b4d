/** `masgpt generators`: what became of the programs that each generator wrote, over all runs of this home. */
import { defineCommand } from 'citty';
import { type GeneratorRates, readGeneratorRates } from '../../../activities/mas/generator-rates.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';

export default defineCommand({
  meta: { name: 'generators', description: 'How often the programs of each generator run, and why not' },
  args: commonArgs,
  run: ({ args }) =>
    runCommand(args, async ({ database, output }) => {
      const generators = await readGeneratorRates(database);
      const head = ['GENERATOR', 'REVISION', 'ASKED', 'WRITTEN', 'RAN', 'REPAIRED', 'FALLBACK', 'FAILURES'];
      output.print(
        generators.length === 0 ? 'no generator was asked yet' : columns([head, ...generators.map(rowOf)]),
      );
      return { generators };
    }),
});

function rowOf(rates: GeneratorRates): string[] {
  const { generator, revision, asked, written, ran, repaired, fallback } = rates;
  const failures = Object.entries(rates.failures).toSorted(([, a], [, b]) => b - a);
  return [
    `${generator}${rates.simulated ? ' (simulated)' : ''}`,
    revision.slice(0, 16),
    String(asked),
    String(written),
    withShare(ran, rates.executableRate),
    String(repaired),
    withShare(fallback, rates.fallbackRate),
    failures.map(([kind, count]) => `${kind} ${count}`).join(', '),
  ];
}

function withShare(count: number, share: number | null): string {
  return share === null ? String(count) : `${count} (${(share * 100).toFixed(0)} %)`;
}
