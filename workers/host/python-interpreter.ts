/**
 * The Python on which the product's environments stand: 3.10 or newer, with venv, and, when we are root, readable by
 * other uids (a version manager's interpreter under a home of mode 0700 is not).
 */
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { spawn } from 'node:child_process';
import { isRoot } from './directories.ts';

export interface Interpreter {
  readonly path: string;
  /** "3.11.2" */
  readonly version: string;
}

/** Throws with what was tried and what to install. */
export async function findInterpreter(env: NodeJS.ProcessEnv = process.env): Promise<Interpreter> {
  const tried: string[] = [];
  for (const candidate of candidates(env)) {
    if (!(await exists(candidate))) continue;
    const outcome = await inspect(await realpath(candidate));
    if (typeof outcome === 'object') return outcome;
    tried.push(`${candidate}: ${outcome}`);
  }
  const list = tried.length > 0 ? ` Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` : ' ';
  throw new Error(
    `no Python 3.10 or newer with venv was found.${list}Install python3 and python3-venv, or set MASGPT_PYTHON to an interpreter`,
  );
}

function candidates(env: NodeJS.ProcessEnv): string[] {
  if (env['MASGPT_PYTHON']) return [env['MASGPT_PYTHON']];
  const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const directories = ['/usr/bin', '/usr/local/bin', ...(env['PATH'] ?? '').split(delimiter)];
  return [...new Set(directories.flatMap((directory) => names.map((name) => join(directory, name))))];
}

const probe = 'import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])';

async function inspect(path: string): Promise<Interpreter | string> {
  const own = await run(path, {});
  if (own.code !== 0)
    return own.error.includes('ensurepip') || own.error.includes('venv')
      ? 'has no venv module'
      : 'does not run';
  const [major = 0, minor = 0] = own.output.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 10)) return `is Python ${own.output}`;
  // 65534 is nobody: it stands for any uid that is not ours.
  if (isRoot && (await run(path, { uid: 65_534, gid: 65_534 })).code !== 0)
    return 'lies where other users cannot read it';
  return { path, version: own.output };
}

function run(
  path: string,
  owner: { uid?: number; gid?: number },
): Promise<{ code: number; output: string; error: string }> {
  return new Promise((resolve) => {
    const child = spawn(path, ['-I', '-c', probe], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
      ...owner,
    });
    let [output, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.once('error', () => resolve({ code: 1, output: '', error: '' }));
    child.once('close', (code) => resolve({ code: code ?? 1, output: output.trim(), error }));
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
