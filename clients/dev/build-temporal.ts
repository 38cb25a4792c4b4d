/** Builds the Temporal CLI with Go from the wrapper module `temporal-server/` (from 1.6 on `go install` refuses it). */
import { spawn } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { x } from 'tinyexec';
import { withLock } from '../../workers/host/with-lock.ts';

export const temporalVersion = '1.8.2';

const target = 'github.com/temporalio/cli/cmd/temporal';
const noteEveryMs = 15_000;

interface BuildOptions {
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export async function buildTemporal(file: string, options: BuildOptions): Promise<string> {
  const module = fileURLToPath(new URL('./temporal-server', import.meta.url));
  if (!(await hasGo())) throw new Error('Go is not installed');
  const onWait = (pid: number): void =>
    options.note(`waiting for process ${pid}, which builds the Temporal server`);
  return withLock(`${file}.lock`, { onWait, signal: options.signal }, async () => {
    await mkdir(dirname(file), { recursive: true });
    options.note('building the Temporal server with Go, once (about 5 minutes on 2 cores)');
    const partial = `${file}.building`;
    await compile(module, partial, options);
    await rename(partial, file);
    return file;
  });
}

async function hasGo(): Promise<boolean> {
  try {
    return (await x('go', ['version'])).exitCode === 0;
  } catch {
    return false;
  }
}

/** `go build -v` names each package it has compiled on standard error. */
async function compile(module: string, output: string, options: BuildOptions): Promise<void> {
  const listed = await x('go', ['list', '-mod=readonly', '-deps', target], { nodeOptions: { cwd: module } });
  if (listed.exitCode !== 0) throw new Error(`go list failed: ${lastLines(listed.stderr)}`);
  const total = listed.stdout.trim().split('\n').length;
  const child = spawn('go', ['build', '-mod=readonly', '-trimpath', '-v', '-o', output, target], {
    cwd: module,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let log = '';
  let compiled = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    compiled += text.split('\n').length - 1;
    log = (log + text).slice(-4_000);
  });
  const timer = setInterval(
    () => options.note(`building the Temporal server: ${compiled} of ${total} packages`),
    noteEveryMs,
  );
  try {
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`go build failed: ${lastLines(log)}`);
  } finally {
    clearInterval(timer);
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ').slice(-600);
}
