/**
 * Child processes that never outlive their parent: one watchdog process per parent stops them when the parent is gone,
 * also by kill -9. Output goes to a log file, by descriptor, so that a dead parent breaks no pipe.
 */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SupervisedOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Receives standard error, and standard output unless `onLine` is given. */
  readonly logFile: string;
  /** One line of standard output, without its end. */
  readonly onLine?: (line: string) => void;
  /** Keeps standard input open while the parent lives, for children that end with it. */
  readonly holdStdin?: boolean;
  /** Asks the process to stop; SIGKILL follows after the grace time. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Settles with the exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals>;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  stop(graceMs?: number): Promise<void>;
}

/** Starts the process in its own group: a terminal's Ctrl-C reaches the parent alone, which stops children in order. */
export async function startSupervised(options: SupervisedOptions): Promise<SupervisedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const child = spawn(options.command, [...options.args], {
    detached: true,
    stdio: [options.holdStdin ? 'pipe' : 'ignore', options.onLine ? 'pipe' : log, log],
    env: options.env ?? process.env,
    ...pick(options),
  });
  closeSync(log);
  const pid = await spawned(child, options.command);
  watch(`+${pid} ${stopSignal}`);
  if (options.onLine && child.stdout) forwardLines(child.stdout, options.onLine);
  let isRunning = true;
  running.add(child);
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      isRunning = false;
      running.delete(child);
      watch(`-${pid}`);
      resolve(signal ?? code ?? 0);
    });
  });
  const signal = (name: NodeJS.Signals): void => void (isRunning && child.kill(name));
  return {
    pid,
    exited,
    isRunning: () => isRunning,
    signal,
    async stop(graceMs = 10_000) {
      signal(stopSignal);
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** The last lines of a log: what an error message shows of it. */
export function tailOf(logFile: string, lines = 8): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

function pick(options: SupervisedOptions): SpawnOptions {
  return {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  };
}

function spawned(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot start ${command}: ${error.message}`)));
    child.once('spawn', () => resolve(child.pid as number));
  });
}

function forwardLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
}

/** For the second Ctrl-C: no grace. */
export function killAllSupervised(): void {
  for (const child of running) child.kill('SIGKILL');
}

const running = new Set<ChildProcess>();
let watchdog: ChildProcess | undefined;

function watch(line: string): void {
  if (!watchdog || watchdog.exitCode !== null) {
    const file = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
    watchdog = spawn(process.execPath, [file], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    watchdog.unref();
    (watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    watchdog.stdin?.on('error', () => {});
  }
  watchdog.stdin?.write(`${line}\n`);
}
