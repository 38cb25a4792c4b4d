/** Launcher on this host: a detached shim (shim/shim.py) that outlives the worker. */
import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failure } from '../../failure.ts';
import { type AttemptLayout, writeWhole } from '../layout.ts';
import type { AttemptSpec, Launcher, LaunchedAttempt, ScopeKind } from '../launcher.ts';
import { livenessOf, type ThisMachine } from '../process-identity.ts';
import { isClaimed, killTree } from './kill-tree.ts';
import { exitSchema, identitySchema, readRecord } from './records.ts';
import { shimSpec } from './shim-spec.ts';

export interface LocalLauncherOptions {
  /** Any Python 3.10+, the standard library suffices. */
  findPython(): Promise<string>;
  readonly machine: ThisMachine;
  /** Which scopes the shim may try, in order; default: all (shim/scope.py). */
  readonly scopeKinds?: readonly ScopeKind[];
  /** Where GPUs are locked; one directory for all workers of a host. Default /var/lock. */
  readonly gpuLocks?: string;
}

const shimScript = fileURLToPath(new URL('../shim/shim.py', import.meta.url));
const startLimitMs = 20_000;
/** Exit code of shim/shim.py. */
const alreadyClaimed = 75;

/** Who runs is always known here. */
export interface LocalLauncher extends Launcher {
  launch(layout: AttemptLayout, spec: AttemptSpec): Promise<LaunchedAttempt>;
}

export function createLocalLauncher(options: LocalLauncherOptions): LocalLauncher {
  const { findPython, machine, scopeKinds, gpuLocks } = options;
  const place = { host: machine.host, scopeKinds, gpuLocks };

  const observe: Launcher['observe'] = async (layout, run, epoch) => {
    const exit = await readRecord(layout.exit, exitSchema);
    if (exit) return { status: 'ended', exit };
    const identity = await readRecord(layout.identity, identitySchema);
    if (!identity) return { status: 'unknown', why: `${layout.identity} is missing` };
    const liveness = await livenessOf(identity, machine);
    if (liveness === 'alive') return { status: 'alive' };
    if (liveness === 'unknown') return { status: 'unknown', why: `${run}:${epoch} is on ${identity.host}` };
    if (liveness === 'hidden' && (await isClaimed(await findPython(), layout)))
      return { status: 'unknown', why: `${run}:${epoch} lives in another container` };
    // The shim wrote its record just before it died, or it was killed and its tree must be proved dead.
    const late = await readRecord(layout.exit, exitSchema);
    if (late) return { status: 'ended', exit: late };
    const left = await killTree(await findPython(), layout, 0);
    return left ? { status: 'unknown', why: `${run}:${epoch}: ${left}` } : { status: 'gone' };
  };

  return {
    async launch(layout, spec): Promise<LaunchedAttempt> {
      const known = await readRecord(layout.identity, identitySchema);
      if (known) return known;
      await mkdir(layout.directory, { recursive: true });
      await writeWhole(layout.spec, JSON.stringify(shimSpec(layout, spec, place)));
      const failedBefore = (await readRecord(layout.exit, exitSchema))?.endedAt;
      return await started(layout, failedBefore, async () => startShim(layout, spec, await findPython()));
    },

    observe,

    async stop(layout, run, epoch, graceS) {
      const identity = await readRecord(layout.identity, identitySchema);
      const liveness = identity ? await livenessOf(identity, machine) : 'dead';
      if (liveness === 'unknown' || (liveness === 'hidden' && (await isClaimed(await findPython(), layout))))
        throw failure('Training.HostUnknown', `${run}:${epoch} may live on ${identity?.host}, out of reach`);
      if (identity && liveness === 'alive') {
        await writeWhole(layout.stop, JSON.stringify({ graceS }));
        // A shim that somebody stopped takes the order as soon as it goes on.
        for (const signal of ['SIGTERM', 'SIGCONT'] as const) send(identity.pid, signal);
        if (await ended(observe, layout, run, epoch, graceS + 15)) return;
        if ((await livenessOf(identity, machine)) === 'alive') send(identity.pid, 'SIGKILL');
      }
      if (await readRecord(layout.exit, exitSchema)) return;
      const left = await killTree(await findPython(), layout, graceS);
      if (left) throw failure('Training.HostUnknown', `processes of ${run}:${epoch} may still live: ${left}`);
    },
  };
}

async function startShim(
  layout: AttemptLayout,
  spec: AttemptSpec,
  python: string,
): Promise<ReturnType<typeof spawn>> {
  const log = await open(layout.shimLog, 'a');
  try {
    const shim = spawn(python, [shimScript, layout.directory], {
      cwd: layout.directory,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: spec.env['PATH'] ?? '/usr/bin:/bin' },
    });
    shim.unref();
    return shim;
  } finally {
    await log.close();
  }
}

/** Waits for the record of who runs. A shim that finds the attempt claimed leaves: the other one's record counts, or it is on its way out. */
async function started(
  layout: AttemptLayout,
  failedBefore: number | undefined,
  start: () => Promise<ReturnType<typeof spawn>>,
): Promise<LaunchedAttempt> {
  const deadline = Date.now() + startLimitMs;
  let running = false;
  let problem: string | undefined;
  while (Date.now() < deadline) {
    const ending = problem;
    const identity = await readRecord(layout.identity, identitySchema);
    if (identity) return identity;
    const exit = await readRecord(layout.exit, exitSchema);
    const failed = exit && exit.endedAt !== failedBefore ? (exit.reason ?? 'no reason given') : ending;
    if (failed) {
      const reason = failed.replace(/^launchFailed: /, '');
      throw failure('Training.LaunchFailed', `the trainer did not start: ${reason}`);
    }
    if (!running) {
      running = true;
      const shim = await start();
      shim.once('error', (error) => (problem = error.message));
      shim.once('exit', (code) => {
        running = code !== alreadyClaimed;
        if (running && code !== 0) problem = `the shim ended with code ${code}, see ${layout.shimLog}`;
      });
    }
    await sleep(20);
  }
  throw failure(
    'Training.LaunchFailed',
    `the trainer did not start within ${startLimitMs / 1000} s, see ${layout.shimLog}`,
  );
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
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
    const { status } = await observe(layout, run, epoch);
    if (status === 'ended' || status === 'gone') return true;
    await sleep(50);
  }
  return false;
}
