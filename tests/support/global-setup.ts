/** One PostgreSQL and one Temporal server for the whole suite; tests get the addresses by `inject`. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { isRoot } from '../../workers/host/directories.ts';
import { startPostgres } from '../../clients/dev/postgres.ts';
import { ensureTemporalBinary } from '../../clients/dev/temporal-binary.ts';
import { startTemporalServer } from '../../clients/dev/temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    temporalAddress: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await suiteDirectory();
  const [postgres, temporal] = await Promise.all([
    startPostgres({
      directory: join(directory, 'postgres'),
      settings: { fsync: 'off', full_page_writes: 'off' },
    }),
    startTemporalServer({
      binary: await ensureTemporalBinary({ note: (text) => console.error(text) }),
      logFile: join(directory, 'temporal.log'),
      uiPort: false,
    }),
  ]);
  project.provide('postgresUrl', postgres.url('postgres'));
  project.provide('temporalAddress', temporal.address);
  return async () => {
    await Promise.all([temporal.stop(), postgres.stop()]);
    await rm(directory, { recursive: true, force: true });
  };
}

/** As root, PostgreSQL runs as another uid, which must reach its data. */
async function suiteDirectory(): Promise<string> {
  const parent = isRoot ? '/var/lib/masgpt' : tmpdir();
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'tests-'));
  if (isRoot) await chmod(directory, 0o755);
  return directory;
}
