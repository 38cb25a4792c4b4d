/** Looks at every part the product needs, changes nothing, and gives one remedy per part that is not well. */
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../workers/config/schema.ts';
import { cacheDirectory } from '../../workers/host/directories.ts';
import { type EnvironmentName, isPythonReady } from '../../workers/host/python-environment.ts';
import { findInterpreter } from '../../workers/host/python-interpreter.ts';
import { findProgram, installCommand } from '../../workers/host/system-packages.ts';
import { checkLauncher } from './check-launcher.ts';
import { checkModels } from './check-models.ts';
import { checkSandbox } from './check-sandbox.ts';
import { checkDatabase, checkTemporal } from './check-servers.ts';
import { checkTrainingScope } from './check-training-scope.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What to do; absent when all is well. */
  readonly remedy?: string;
}

export async function examine(config: Config, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const checks = await Promise.all([
    checkPython(env),
    checkBubblewrap(env),
    checkSandbox(config, env),
    checkTemporal(config, env),
    checkDatabase(config),
    checkEnvironment('embedding', env),
    checkEnvironment('grading', env),
    checkEnvironment('trainer', env),
    checkTrainingScope(env),
    ...Object.entries(config.training.launchers).map((launcher) => checkLauncher(launcher, env)),
    checkDisk(config),
    checkModels(config, env),
  ]);
  return [checkNode(), ...checks.flat()];
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'node',
    ok,
    detail: process.version,
    ...(ok ? {} : { remedy: 'install Node.js 20.19 or newer' }),
  };
}

async function checkPython(env: NodeJS.ProcessEnv): Promise<Check> {
  try {
    const { path, version } = await findInterpreter(env);
    return { name: 'python', ok: true, detail: `${path} (${version})` };
  } catch {
    const detail = 'no Python 3.10 or newer with venv that other users can read';
    return {
      name: 'python',
      ok: false,
      detail,
      remedy: `${installCommand(['python3', 'python3-venv'])}, or set MASGPT_PYTHON`,
    };
  }
}

async function checkBubblewrap(env: NodeJS.ProcessEnv): Promise<Check> {
  const path = await findProgram('bwrap', env);
  if (path) return { name: 'bubblewrap', ok: true, detail: path };
  const remedy = installCommand(['bubblewrap']);
  return { name: 'bubblewrap', ok: false, detail: '`bwrap` is not on PATH', remedy };
}

/** An absent environment is no fault: it is installed when first needed. */
async function checkEnvironment(name: EnvironmentName, env: NodeJS.ProcessEnv): Promise<Check> {
  const ready = await isPythonReady(name, env);
  return {
    name: `python ${name}`,
    ok: true,
    detail: ready ? 'installed' : 'not installed yet: done when first needed',
  };
}

async function checkDisk(config: Config): Promise<Check[]> {
  const wanted = [
    { name: 'disk home', directory: resolve(config.home), bytes: 2e9, change: '--home or MASGPT_HOME' },
    { name: 'disk cache', directory: cacheDirectory(), bytes: 8e9, change: 'MASGPT_CACHE' },
  ];
  return Promise.all(
    wanted.map(async ({ name, directory, bytes, change }) => {
      const free = await freeBytes(directory);
      const detail = `${(free / 1e9).toFixed(1)} GB free at ${directory}`;
      if (free >= bytes) return { name, ok: true, detail };
      return {
        name,
        ok: false,
        detail,
        remedy: `free ${(bytes / 1e9).toFixed(0)} GB, or choose another disk with ${change}`,
      };
    }),
  );
}

/** Of the nearest directory that exists. */
async function freeBytes(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return freeBytes(join(directory, '..'));
  }
}
