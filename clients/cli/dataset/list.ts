/** `masgpt dataset list`: query pools and builds, newest first. */
import { defineCommand } from 'citty';
import { listQueryPools } from '../../../activities/dataset/query-pool/query-pools.ts';
import { listRuns } from '../../../activities/storage/list-runs.ts';
import { columns } from '../columns.ts';
import { commonArgs, runCommand } from '../command.ts';

export default defineCommand({
  meta: { name: 'list', description: 'Query pools and builds' },
  args: { ...commonArgs },
  run: ({ args }) =>
    runCommand(args, async ({ database, config, output }) => {
      const pools = await listQueryPools(database);
      const { namespace } = config.temporal;
      const runs = await listRuns(database, { namespace, kind: 'dataset', limit: 50 });
      const builds = runs.map(({ run, state, startedAt }) => ({ run, state, startedAt }));
      output.print(
        pools.length === 0
          ? 'no pools yet'
          : columns([
              ['POOL', 'VERSION', 'QUERIES', 'IMPORTED'],
              ...pools.map(({ name, version, queries, createdAt }) => [
                ...[name, version.slice(0, 12), String(queries), createdAt.toISOString()],
              ]),
            ]),
      );
      if (builds.length > 0)
        output.print(
          columns([
            ['BUILD', 'STATE', 'STARTED'],
            ...builds.map(({ run, state, startedAt }) => [run, state, startedAt.toISOString()]),
          ]),
        );
      return { pools, builds };
    }),
});
