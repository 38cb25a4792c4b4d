/** numpy, pandas and matplotlib for the sandbox: the environment `science`, made with the guest's own interpreter. */
import { dirname, join } from 'node:path';
import type { Python } from '../../activities/sandbox/find-python.ts';
import type { Science } from '../../activities/sandbox/open-science.ts';
import type { Config } from '../config/schema.ts';
import { ensurePython, installedPython, lockOf, type PythonOptions } from './python-environment.ts';
import type { Interpreter } from './python-interpreter.ts';

/** Undefined where the configuration turns them off. */
export async function scienceOf(config: Config, options: PythonOptions): Promise<Science | undefined> {
  const { libraries } = config.sandbox;
  if (libraries === 'off') return undefined;
  return {
    lockSha256: await lockOf('science'),
    atStart: libraries === 'at-start',
    async install(python) {
      return packagesIn(
        await ensurePython('science', { ...options, interpreter: interpreterOf(python) }),
        python,
      );
    },
  };
}

/** Where they are; null when they are not installed. */
export async function installedScience(python: Python, env: NodeJS.ProcessEnv): Promise<string | null> {
  const path = await installedPython('science', env, interpreterOf(python));
  return path === null ? null : packagesIn(path, python);
}

function packagesIn(path: string, { version: [major, minor] }: Python): string {
  return join(dirname(dirname(path)), 'lib', `python${major}.${minor}`, 'site-packages');
}

function interpreterOf({ executable, version }: Python): Interpreter {
  return { path: executable, version: version.join('.') };
}
