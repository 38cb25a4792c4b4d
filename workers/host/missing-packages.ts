/** Compares a Python environment with its lock file, by asking its own interpreter (the lock's markers are for it to judge). */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const script = `
import sys
from importlib.metadata import PackageNotFoundError, version
from pip._vendor.packaging.requirements import Requirement
for line in sys.stdin.read().splitlines():
    wanted = Requirement(line)
    if wanted.marker is not None and not wanted.marker.evaluate():
        continue
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        found = None
    if found is None or not wanted.specifier.contains(found, prereleases=True):
        print(f"{wanted.name}{wanted.specifier}")
`;

/** Those of the lock that are not installed in that version; all of them when the interpreter does not run. */
export async function missingPackages(
  python: string,
  lockFile: string,
  further: readonly string[] = [],
): Promise<string[]> {
  const pins = [...pinsOf(await readFile(lockFile, 'utf8')), ...further];
  return new Promise((resolve) => {
    const child = spawn(python, ['-I', '-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', () => resolve(pins));
    child.once('close', (code) => resolve(code === 0 ? output.split('\n').filter(Boolean) : pins));
    child.stdin.on('error', () => {});
    child.stdin.end(pins.join('\n'));
  });
}

/** `NAME==VERSION [; MARKER]`, without hashes. */
export function pinsOf(lock: string): string[] {
  return lock
    .split('\n')
    .filter((line) => /^[A-Za-z0-9]/.test(line))
    .map((line) => line.replace(/\s*\\?\s*$/, ''));
}
