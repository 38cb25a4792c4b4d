/** Attempts of small Python trainers through the real local launcher, in a directory of their own. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttemptLayout,
  attemptLayout,
  runDirectory,
  writeWhole,
} from '../../activities/training/layout.ts';
import type {
  ScopeKind,
  AttemptSpec,
  AttemptStatus,
  LaunchedAttempt,
} from '../../activities/training/launcher.ts';
import {
  createLocalLauncher,
  type LocalLauncher,
  type LocalLauncherOptions,
} from '../../activities/training/launchers/local.ts';
import { thisMachine } from '../../activities/training/process-identity.ts';

export const python = '/usr/bin/python3';

/** The scopes that this machine lets a process reach without a bus; `session` always. */
export const possibleScopes: readonly ScopeKind[] = (['cgroup2', 'cgroup1', 'session'] as const).filter(
  (kind) => {
    const script = fileURLToPath(new URL('../../activities/training/shim/scope.py', import.meta.url));
    const probe = execFileSync(python, [script, 'probe', kind], { encoding: 'utf8' });
    return (JSON.parse(probe) as { kind: ScopeKind }).kind === kind;
  },
);

export interface LocalAttempts extends AsyncDisposable {
  readonly root: string;
  readonly launcher: LocalLauncher;
  layout(epoch: number): AttemptLayout;
  /** Starts `program` (Python source) as an attempt. */
  start(program: string, options?: StartOptions): Promise<LaunchedAttempt>;
  observe(epoch?: number): Promise<AttemptStatus>;
  stop(graceS: number, epoch?: number): Promise<void>;
  /** The exit record, when the attempt has ended. */
  ended(epoch?: number): Promise<Record<string, unknown>>;
  /** A number that the program wrote to a file of its attempt's directory, once it is there. */
  pid(file: string, epoch?: number): Promise<number>;
  lease(epoch: number): Promise<void>;
}

interface StartOptions extends Partial<Omit<AttemptSpec, 'run' | 'command'>> {
  readonly epoch?: number;
  /** What runs the program; default: the system's Python. */
  readonly interpreter?: string;
}

const run = 'training/shim';

export async function localAttempts(
  options: Partial<LocalLauncherOptions> = {},
  place?: string,
): Promise<LocalAttempts> {
  const root = place ?? (await mkdtemp(join(tmpdir(), 'masgpt-shim-')));
  const launcher = createLocalLauncher({
    findPython: () => Promise.resolve(python),
    machine: thisMachine(hostname()),
    gpuLocks: root,
    ...options,
  });
  const layout = (epoch = 1): AttemptLayout => attemptLayout(root, run, epoch);
  let started: number[] = [];
  return {
    root,
    launcher,
    layout,
    async start(program, { epoch = 1, env = {}, graceS = 2, interpreter = python, ...more } = {}) {
      const file = join(root, `program-${epoch}.py`);
      await writeFile(file, program);
      started = [...started, epoch];
      const all = { PATH: '/usr/bin:/bin', ...env };
      return launcher.launch(layout(epoch), {
        ...{ run, epoch, graceS, env: all, command: [interpreter, file, 'job.json'] },
        ...more,
      });
    },
    observe: (epoch = 1) => launcher.observe(layout(epoch), run, epoch),
    stop: (graceS, epoch = 1) => launcher.stop(layout(epoch), run, epoch, graceS),
    ended: (epoch = 1) => soon(async () => JSON.parse(await readFile(layout(epoch).exit, 'utf8')) as never),
    pid: (file, epoch = 1) =>
      soon(async () => {
        const found = Number(await readFile(join(layout(epoch).directory, file), 'utf8'));
        if (!found) throw new Error(`${file} is empty`);
        return found;
      }),
    lease: (epoch) => writeWhole(join(runDirectory(root, run), 'lease.json'), JSON.stringify({ epoch })),
    async [Symbol.asyncDispose]() {
      for (const epoch of started) await launcher.stop(layout(epoch), run, epoch, 0).catch(() => {});
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Repeats until it does not throw; the last error after the limit. */
export async function soon<T>(look: () => Promise<T>, limitS = 30): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await look();
    } catch (error) {
      if (tries >= limitS * 20) throw error;
      await sleep(50);
    }
  }
}

/** A zombie does not live. */
export async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}
