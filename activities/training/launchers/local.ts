/** Launcher on this host: a detached shim (shim/shim.py) that outlives the worker. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { x } from 'tinyexec';
import { z } from 'zod';
import { failure } from '../../failure.ts';
import { type AttemptLayout, writeWhole } from '../layout.ts';
import type { Launcher, LaunchedAttempt } from '../launcher.ts';
import { isAlive } from '../process-identity.ts';

const shimScript = fileURLToPath(new URL('../shim/shim.py', import.meta.url));
const treeScript = fileURLToPath(new URL('../shim/tree.py', import.meta.url));
const startLimitMs = 20_000;

const identitySchema = z.object({
  bootId: z.string(),
  pid: z.number().int(),
  startTicks: z.string(),
  trainerPid: z.number().int(),
});
const exitSchema = z.object({
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  oomKills: z.number().int(),
  reason: z.string().nullable(),
});

/** `findPython` gives what runs the shim: any Python 3.10+, the standard library suffices. */
export function createLocalLauncher(findPython: () => Promise<string>): Launcher {
  const observe: Launcher['observe'] = async (layout, run, epoch) => {
    const exit = await readJson(layout.exit, exitSchema);
    if (exit) return { status: 'ended', exit };
    const identity = await readJson(layout.identity, identitySchema);
    if (!identity || (await isAlive(identity))) return { status: 'alive' };
    // The shim wrote its record just before it died, or it was killed and its tree must be proved dead.
    const late = await readJson(layout.exit, exitSchema);
    if (late) return { status: 'ended', exit: late };
    await killTree(await findPython(), run, epoch, 0);
    return { status: 'gone' };
  };

  return {
    async launch(layout, spec): Promise<LaunchedAttempt> {
      const known = await readJson(layout.identity, identitySchema);
      if (known) return known;
      await mkdir(layout.directory, { recursive: true });
      await writeWhole(layout.spec, JSON.stringify(spec));
      const log = await open(layout.shimLog, 'a');
      try {
        const shim = spawn(await findPython(), [shimScript, layout.directory], {
          cwd: layout.directory,
          detached: true,
          stdio: ['ignore', log.fd, log.fd],
          env: { PATH: spec.env['PATH'] ?? '/usr/bin:/bin' },
        });
        shim.unref();
        return await started(shim, layout);
      } finally {
        await log.close();
      }
    },

    observe,

    async stop(layout, run, epoch, graceS) {
      const identity = await readJson(layout.identity, identitySchema);
      if (identity && (await isAlive(identity))) {
        process.kill(identity.pid, 'SIGTERM');
        if (await ended(observe, layout, run, epoch, graceS + 15)) return;
        process.kill(identity.pid, 'SIGKILL');
      }
      await killTree(await findPython(), run, epoch, graceS);
    },
  };
}

async function started(shim: ReturnType<typeof spawn>, layout: AttemptLayout): Promise<LaunchedAttempt> {
  let problem: string | undefined;
  shim.once('error', (error) => (problem = error.message));
  shim.once(
    'exit',
    (code) => (problem ??= code ? `the shim ended with code ${code}, see ${layout.shimLog}` : undefined),
  );
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    const identity = await readJson(layout.identity, identitySchema);
    if (identity) return identity;
    const exit = await readJson(layout.exit, exitSchema);
    if (exit)
      throw failure(
        'Training.LaunchFailed',
        `the trainer did not start: ${exit.reason ?? 'no reason given'}`,
      );
    if (problem) throw failure('Training.LaunchFailed', `the trainer did not start: ${problem}`);
    await sleep(20);
  }
  throw failure(
    'Training.LaunchFailed',
    `the trainer did not start within ${startLimitMs / 1000} s, see ${layout.shimLog}`,
  );
}

async function ended(
  observe: Launcher['observe'],
  layout: AttemptLayout,
  run: string,
  epoch: number,
  limitS: number,
): Promise<boolean> {
  const deadline = Date.now() + limitS * 1000;
  while (Date.now() < deadline) {
    if ((await observe(layout, run, epoch)).status !== 'alive') return true;
    await sleep(50);
  }
  return false;
}

async function killTree(python: string, run: string, epoch: number, graceS: number): Promise<void> {
  const result = await x(python, [treeScript, 'kill', `${run}:${epoch}`, String(graceS)]);
  if (result.exitCode === 0 && result.stdout.trim() === '0') return;
  throw failure(
    'Training.HostUnknown',
    `processes of ${run}:${epoch} may still live: ${result.stderr.slice(0, 300)}`,
  );
}

/** Absent or half-known files read as undefined; they are written whole, so that a broken one is a defect. */
async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
