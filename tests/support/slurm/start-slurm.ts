/**
 * A real Slurm on loopback: munged, slurmctld and two slurmd in a temporary directory, as whoever runs the tests. As a script
 * (`npx tsx tests/support/slurm/start-slurm.ts`) it says where its slurm.conf is and stays until it is interrupted.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Node, nodes, slurmConf } from './slurm-conf.ts';

export const slurmPackages = ['munge', 'slurmctld', 'slurmd', 'slurm-client'] as const;
const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch'] as const;

export interface Slurm extends AsyncDisposable {
  /** Path of slurm.conf. */
  readonly conf: string;
  /** Runs a command of Slurm's; returns what it printed, throws what it complained of. */
  ask(command: string, ...args: string[]): Promise<string>;
  /** The value of a key of `scontrol show job`. */
  valueOf(job: string, key: string): Promise<string>;
  /** It writes down what it knows. */
  stopController(): Promise<void>;
  startController(): Promise<void>;
  /** SIGKILL to the node's daemon. */
  killNode(node: Node): Promise<void>;
  startNode(node: Node): Promise<void>;
}

/** Programs that are absent; Debian's packages bring them. */
export async function missingForSlurm(): Promise<readonly string[]> {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const found = await Promise.all(
    programs.map((name) =>
      Promise.any(places.map((place) => access(join(place, name), constants.X_OK))).then(
        () => true,
        () => false,
      ),
    ),
  );
  return programs.filter((_, index) => !found[index]);
}

export async function startSlurm(): Promise<Slurm> {
  const missing = await missingForSlurm();
  if (missing.length > 0)
    throw new Error(`absent: ${missing.join(', ')}; apt-get install ${slurmPackages.join(' ')}`);
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-slurm-'));
  const host = hostname().split('.')[0] as string;
  const [controllerPort, n1, n2] = (await freePorts(3)) as [number, number, number];
  const conf = join(directory, 'slurm.conf');
  for (const name of ['state', ...nodes]) await mkdir(join(directory, name));
  await writeFile(join(directory, 'munge.key'), randomBytes(1_024), { mode: 0o600 });
  await writeFile(conf, slurmConf({ directory, host, controllerPort, nodePorts: { n1, n2 } }));
  const env = {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/bin`,
    HOME: directory,
    SLURM_CONF: conf,
    TZ: 'UTC',
  };
  const daemons = new Map<string, ChildProcess>();

  const start = (name: string, command: string, ...args: string[]): void => {
    daemons.set(name, spawn(command, args, { env, cwd: directory, stdio: 'ignore' }));
  };
  const end = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    const daemon = daemons.get(name);
    daemons.delete(name);
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = once(daemon, 'exit');
    daemon.kill(signal);
    await gone;
  };
  const ask = async (command: string, ...args: string[]): Promise<string> =>
    (await promisify(execFile)(command, args, { env, cwd: directory, timeout: 60_000 })).stdout.trim();

  const slurm: Slurm = {
    conf,
    ask,
    async valueOf(job, key) {
      const line = await ask('scontrol', '--oneliner', 'show', 'job', job);
      return new RegExp(`\\s${key}=(\\S*)`).exec(line)?.[1] ?? '';
    },
    stopController: () => end('slurmctld', 'SIGTERM'),
    startController: async () => start('slurmctld', 'slurmctld', '-D'),
    killNode: (node) => end(node, 'SIGKILL'),
    startNode: async (node) => start(node, 'slurmd', '-D', '-N', node),
    async [Symbol.asyncDispose]() {
      // Jobs end by Slurm's own hand, or they would outlive it.
      await ask('scancel', '--me').catch(() => {});
      await waitUntil(async () => (await ask('squeue', '--noheader')) === '', 30).catch(() => {});
      for (const name of [...daemons.keys()].toReversed()) await end(name, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
  const at = (name: string): string => `${directory}/munge${name}`;
  const files = [`--key-file=${at('.key')}`, `--socket=${at('.socket')}`, `--pid-file=${at('.pid')}`];
  start(
    'munged',
    'munged',
    '--foreground',
    '--force',
    ...files,
    `--log-file=${at('.log')}`,
    `--seed-file=${at('.seed')}`,
  );
  await waitUntil(() => access(at('.socket')).then(() => true), 20);
  await slurm.startController();
  for (const node of nodes) await slurm.startNode(node);
  try {
    await waitUntil(async () => /^idle\s*2$/m.test(await ask('sinfo', '-h', '-p', 'low', '-o', '%t %D')), 60);
  } catch (error) {
    const log = await readFile(join(directory, 'slurmctld.log'), 'utf8').catch(() => '');
    await slurm[Symbol.asyncDispose]();
    throw new Error(`Slurm did not start: ${log.slice(-1_000)}`, { cause: error });
  }
  return slurm;
}

export async function waitUntil(look: () => Promise<boolean>, limitS: number): Promise<void> {
  const deadline = Date.now() + limitS * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    if (await look().catch((error: unknown) => ((last = error), false))) return;
    await sleep(200);
  }
  throw new Error(`it did not happen within ${limitS} s`, { cause: last });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) server.close();
  return ports;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using slurm = await startSlurm();
  process.stdout.write(`export SLURM_CONF=${slurm.conf}\n`);
  const stays = setInterval(() => {}, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(stays);
}
