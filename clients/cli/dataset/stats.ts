/** `masgpt dataset stats POOL`: how many queries of which source, subject and kind of gold, and how long they are. */
import { defineCommand } from 'citty';
import { type Lengths, poolStats } from '../../../activities/dataset/query-pool/pool-stats.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';
import { openPool, poolArg, poolReference, queriesOf } from './pool-reference.ts';
import { cellOf } from './pool-tables.ts';

export default defineCommand({
  meta: { name: 'stats', description: 'Counts and lengths of a query pool' },
  args: { ...commonArgs, pool: poolArg },
  run: ({ args }) => {
    const reference = poolReference(args.pool);
    return runCommand(args, async (context) => {
      const { pool, report, blobs } = await openPool(context, reference);
      const stats = poolStats(await queriesOf(blobs, report.queries));
      const row = (words: Lengths): string[] => [words.median, words.p95, words.longest].map(String);
      context.output.print(
        columns([
          ['SOURCE', 'SUBJECT', 'GOLD', 'QUERIES', 'WORDS (MEDIAN)', '95 %', 'LONGEST'],
          ...stats.groups.map(({ source, subject, gold, queries, words }) => [
            ...[cellOf(source), cellOf(subject), gold, String(queries)],
            ...row(words),
          ]),
          ['all', '', '', String(stats.queries), ...row(stats.words)],
        ]),
      );
      return { name: pool.name, version: pool.version, ...stats };
    });
  },
});
