/** Runs the command line as a user does: its own process, a home of its own. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedStateDirectory } from '../../workers/host/directories.ts';

const bin = fileURLToPath(new URL('../../clients/cli/bin.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output or error matches; rejects when the command ends before. */
  until(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Variables of the outer environment that would point a test at somebody's servers are left out. */
export function startMasgpt(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const { TEMPORAL_ADDRESS: _address, DATABASE_URL: _url, MASGPT_HOME: _home, ...outer } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...outer, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const watchers = new Set<() => void>();
  const changed = (): void => watchers.forEach((watcher) => watcher());
  child.stdout.setEncoding('utf8').on('data', (text: string) => ((stdout += text), changed()));
  child.stderr.setEncoding('utf8').on('data', (text: string) => ((stderr += text), changed()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    pid: child.pid as number,
    ended,
    kill: (signal) => void child.kill(signal),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stdout) || pattern.test(stderr)) resolve();
        };
        watchers.add(look);
        look();
        void ended.then((end) =>
          reject(new Error(`ended with ${end.code} before ${String(pattern)}:\n${end.stdout}${end.stderr}`)),
        );
      }),
  };
}

export function masgpt(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return startMasgpt(args, env).ended;
}

/** A home directory for one test, removed with its state outside when disposed. */
export async function freshHome(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'masgpt-home-'));
  await chmod(path, 0o700);
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const directory of new Set([path, sharedStateDirectory(path)])) {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}
