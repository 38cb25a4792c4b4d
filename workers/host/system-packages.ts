/**
 * Debian packages that npm and pip cannot bring. As root with apt-get they are installed, announced in one line;
 * otherwise the error says what to type. MASGPT_NO_APT=1 forbids it.
 */
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { isRoot } from './directories.ts';
import { runLogged } from './run-logged.ts';
import { withLock } from './with-lock.ts';

export type SystemPackage = 'bubblewrap' | 'python3-venv' | 'chromium';

export interface SystemPackageOptions {
  readonly note: (text: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}

/** Installs those that are missing. Throws with the command to type when it may not or cannot. */
export async function ensureSystemPackages(
  packages: readonly SystemPackage[],
  options: SystemPackageOptions,
): Promise<void> {
  const env = options.env ?? process.env;
  const missing = await missingSystemPackages(packages, env);
  if (missing.length === 0) return;
  const command = installCommand(missing);
  if (!isRoot || env['MASGPT_NO_APT'] === '1' || !(await findProgram('apt-get', env))) {
    throw new Error(`missing: ${missing.join(', ')}. Install with: ${command}`);
  }
  await withLock('/var/lock/masgpt-apt.lock', {}, async () => {
    const still = await missingSystemPackages(missing, env);
    if (still.length === 0) return;
    options.note(`installing with apt-get: ${still.join(', ')} (MASGPT_NO_APT=1 forbids it)`);
    const apt = (...args: string[]): Promise<void> =>
      runLogged('apt-get', ['-y', '-qq', ...args], { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } });
    await apt('install', '--no-install-recommends', ...still).catch(async () => {
      await apt('update');
      await apt('install', '--no-install-recommends', ...still);
    });
  });
}

export function installCommand(packages: readonly string[]): string {
  return `${isRoot ? '' : 'sudo '}apt-get install ${packages.join(' ')}`;
}

export async function missingSystemPackages(
  packages: readonly SystemPackage[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<SystemPackage[]> {
  const present = await Promise.all(packages.map((name) => isPresent(name, env)));
  return packages.filter((_, index) => !present[index]);
}

async function isPresent(name: SystemPackage, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (name === 'bubblewrap') return (await findProgram('bwrap', env)) !== undefined;
  if (name === 'chromium') return (await findProgram('chromium', env)) !== undefined;
  const { findInterpreter } = await import('./python-interpreter.ts');
  return findInterpreter(env).then(
    () => true,
    () => false,
  );
}

/** Absolute path of a program on PATH. */
export async function findProgram(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  for (const directory of (env['PATH'] ?? '/usr/bin:/bin').split(delimiter)) {
    const file = join(directory, name);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}
