/** Finds the guest's interpreter: Python 3.10+, resolved, outside every home, and proved to run as the dedicated user. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { failure } from '../failure.ts';
import { parseFrame } from './frames.ts';
import type { GuestFiles } from './guest-files.ts';
import { sandboxUid } from './sandbox-user.ts';

const pythonSchema = z.object({
  executable: z.string(),
  version: z.tuple([z.number(), z.number(), z.number()]),
  build: z.string(),
  machine: z.string(),
  standardLibrary: z.array(z.string()).min(1),
  /** Directories of the shared libraries that the preloaded modules need. */
  libraries: z.array(z.string()),
  loader: z.string().nullable(),
  /** Modules of guest/preload.py that this build lacks. */
  missing: z.array(z.string()),
});
export type Python = z.infer<typeof pythonSchema>;

const run = promisify(execFile);

const directories = ['/usr/bin', '/usr/local/bin', '/opt/python/bin'];
const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];

/** `wanted` is a path from the config; without it the usual places are searched. Throws `Sandbox.Refused` with what was tried. */
export async function findPython(guest: GuestFiles, wanted?: string): Promise<Python> {
  const candidates = wanted
    ? [wanted]
    : directories.flatMap((directory) => names.map((name) => `${directory}/${name}`));
  const tried: string[] = [];
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch(() => null);
    if (path === null) {
      if (wanted) tried.push(`${candidate}: no such file`);
      continue;
    }
    const found = await describe(path, guest);
    if (typeof found !== 'string') return found;
    tried.push(`${path}: ${found}`);
  }
  throw failure(
    'Sandbox.Refused',
    `no Python for the sandbox (${tried.join('; ') || `looked for ${names.join(', ')} in ${directories.join(', ')}`}). ` +
      'Install Python 3.10 or newer outside home directories, or name one in sandbox.python of masgpt.config.yaml',
  );
}

/** The description, or why this interpreter will not do. */
async function describe(path: string, guest: GuestFiles): Promise<Python | string> {
  const user = sandboxUid === null ? {} : { uid: sandboxUid, gid: sandboxUid };
  const options = { ...user, cwd: '/', env: { LANG: 'C.UTF-8' }, timeout: 30_000 };
  const ran = await run(path, ['-s', '-S', '-B', `${guest.directory}/describe.py`], options).catch(stderrOf);
  if (typeof ran === 'string')
    return `does not run${sandboxUid === null ? '' : ` as user ${sandboxUid}`} (${ran})`;
  const python = parseFrame(ran.stdout, pythonSchema);
  if (python === null) return 'is no Python';
  const [major, minor] = python.version;
  if (major !== 3 || minor < 10) return `version ${python.version.join('.')}, needs 3.10 or newer`;
  if (!['x86_64', 'aarch64'].includes(python.machine))
    return `architecture ${python.machine} has no system call table`;
  return python;
}

function stderrOf(error: unknown): string {
  const lines = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return lines.split('\n').at(-1) || String(error);
}
