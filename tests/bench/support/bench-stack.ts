/** The product's stack in a home of its own, for one benchmark: PostgreSQL as shipped (fsync on), Temporal, simulator, worker. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readStackFile } from '../../../clients/dev/stack-file.ts';
import { attachOrStartStack, type Stack } from '../../../clients/dev/stack.ts';
import { loadConfig } from '../../../workers/config/load.ts';
import { isRoot, sharedStateDirectory } from '../../../workers/host/directories.ts';

export interface BenchStack extends Stack {
  readonly home: string;
  /** The environment of this process and of the stack. */
  readonly processEnv: NodeJS.ProcessEnv;
  /** Of the stack's part "worker", "postgres", "simulator", "temporal". */
  pidOf(part: string): Promise<number>;
}

export async function withBenchStack<R>(
  options: { readonly worker: boolean; readonly note: (text: string) => void },
  use: (stack: BenchStack) => Promise<R>,
): Promise<R> {
  const home = await freshHome();
  try {
    const config = await loadConfig({ env: { MASGPT_HOME: home } });
    await using stack = await attachOrStartStack({ ...options, config, purpose: 'bench' });
    const pidOf = async (part: string): Promise<number> => {
      const mark = (await readStackFile(home))?.children[part];
      if (!mark) throw new Error(`the stack has no part ${part}`);
      return mark.pid;
    };
    return await use({ ...stack, home, processEnv: { ...process.env, ...stack.env }, pidOf });
  } finally {
    await removeHome(home);
  }
}

/** For benchmarks with a worker in this process; without one, the runtime would keep the process alive. */
export function quietTemporal(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } },
  });
}

/** As root, PostgreSQL's user must reach it. */
export async function freshHome(): Promise<string> {
  const parent = isRoot ? '/var/lib/masgpt' : tmpdir();
  await mkdir(parent, { recursive: true });
  const home = await mkdtemp(join(parent, 'bench-'));
  await chmod(home, 0o700);
  return home;
}

export async function removeHome(home: string): Promise<void> {
  for (const directory of new Set([home, sharedStateDirectory(home)]))
    await rm(directory, { recursive: true, force: true });
}
