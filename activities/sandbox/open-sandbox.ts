/** Opens the sandbox of one worker process: the strongest level that holds, warm, with ready children. Fails closed. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Blobs } from '../storage/blobs.ts';
import { checkProgram, readProgram } from './check-program.ts';
import { createChildren, type TakenChild } from './children.ts';
import { chooseLevel, findBubblewrap } from './choose-level.ts';
import { type ControlGroup, openControlGroup } from './control-group.ts';
import { findPython, type Python } from './find-python.ts';
import { createGate } from './gate.ts';
import { type GuestFiles, installGuest } from './guest-files.ts';
import { identifyGuest, keepGuest } from './guest-manifest.ts';
import { openHostMemory } from './host-memory.ts';
import { isAlive } from './is-alive.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { needsScience } from './needs-science.ts';
import { createOlderGuests } from './older-guests.ts';
import { openScience, type Science } from './open-science.ts';
import { createReadyPool } from './ready-pool.ts';
import { runCode } from './run-code.ts';
import { sandboxUid } from './sandbox-user.ts';
import type { Sandbox, SandboxLevel } from './sandbox.ts';
import { openSession } from './session.ts';
import { startZygote, type Zygote } from './zygote.ts';

export interface SandboxOptions {
  /** `auto` takes the strongest level whose self-test holds. */
  readonly level: SandboxLevel | 'auto';
  /** Path of the guest's interpreter; found when absent. */
  readonly python?: string | undefined;
  /** Address space of one program. */
  readonly memoryMb: number;
  /** What all programs of this worker may take together, as a share of the host's available memory; default a half. */
  readonly hostMemoryShare?: number | undefined;
  /** Programs that may compute their way to their first call at once; default 2 per core. Waiting programs do not count. */
  readonly programs?: number | undefined;
  /** Absolute; as root it must be readable for other users, hence outside home directories. */
  readonly stateDirectory: string;
  /** Keeps the guest, for workers of later releases, and gives those of earlier ones. Without it executions go on with this one. */
  readonly blobs?: Blobs | undefined;
  /** numpy, pandas and matplotlib for programs and code under test; without it, importing them fails. */
  readonly science?: Science | undefined;
  /** Leaves the one raw clone per program untried (guest/fork.py). */
  readonly twoSteps?: boolean | undefined;
  readonly log: (message: string) => void;
}

/** A zygote is replaced after so many programs. */
const maxProgramsPerZygote = 10_000;
/** What the control group holds beyond the budget of programs: zygotes, and room for the budget's watch to act first. */
const besidesProgramsBytes = 1024 * 1024 * 1024;

/** Throws `Sandbox.Refused` when this machine has no Python for it or no level holds. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { hostMemoryShare = 0.5, log } = options;
  const hostMemory = openHostMemory();
  const budgetBytes = hostMemory().availableBytes * hostMemoryShare;
  const group = await openControlGroup({ memoryBytes: budgetBytes + besidesProgramsBytes });
  if (typeof group === 'string') log(`programs are in no control group of their own: ${group}`);
  const parts = await prepareSandbox(options, group);
  const { level, zygote } = await chooseLevel({ ...parts, wanted: options.level });
  const programs = options.programs ?? 2 * availableParallelism();
  const pool = createReadyPool({
    first: zygote,
    start: () => parts.start(level),
    size: programs,
    maxPrograms: maxProgramsPerZygote,
    log: options.log,
  });
  const present = await identifyGuest(parts.guest.library, parts.python, options.science?.lockSha256 ?? null);
  if (options.blobs) await keepGuest(options.blobs, present);
  const older = createOlderGuests({ ...options, ...parts, level, present });
  const science = options.science ? openScience(options.science, parts, level, options.log) : null;
  const children = createChildren(pool, science);
  const gate = createGate(programs);
  const memory = createMemoryBudget({ budgetBytes, hostMemory, measure: parts.measure, log });

  async function childOf(guest: string, source: string): Promise<TakenChild & { guest: string }> {
    // Older guests are without libraries: what needs them goes on with this one.
    const taken = guest === present.sha256 || needsScience(source) ? null : await older.take(guest);
    return taken ? { ...taken, guest } : { ...(await children.take(source)), guest: present.sha256 };
  }

  /** Code is run for a program that waits for it: it never waits for room itself. */
  async function takeNow(text: string): Promise<TakenChild> {
    const room = memory.enterNow();
    const taken = await children.take(text).catch((error: unknown) => {
      room.leave();
      throw error;
    });
    const { child, done } = taken;
    room.use(child, () => child.kill());
    return {
      ...taken,
      done() {
        room.leave();
        done();
      },
    };
  }

  return {
    level,
    guest: present.sha256,
    async open(start, signal) {
      await children.prepare(start.source, signal);
      const room = await memory.enter(signal);
      const leave = await gate.enter(signal).catch((error: unknown) => {
        room.leave();
        throw error;
      });
      try {
        const abort = (): void => void session[Symbol.asyncDispose]();
        const taken = await childOf(start.guest ?? present.sha256, start.source);
        const { child, done, guest, absent } = taken;
        room.use(child, () => session.kill(hostRanShort));
        const session = openSession(
          child,
          { ...start, absent },
          {
            onStarted: leave,
            onEnded() {
              done();
              room.leave();
              signal.removeEventListener('abort', abort);
            },
          },
        );
        signal.addEventListener('abort', abort, { once: true });
        if (signal.aborted) abort();
        return { ...session, guest };
      } catch (error) {
        leave();
        room.leave();
        throw error;
      }
    },
    async runCode(start, signal) {
      const text = [start.code, start.prelude, ...start.tests].join('\n');
      await children.prepare(text, signal);
      const leave = await gate.enter(signal);
      return await runCode(() => takeNow(text), start, signal).finally(leave);
    },
    check: async (source) => checkProgram(await pool.take(), source),
    read: async (source) => readProgram(await pool.take(), source),
    async [Symbol.asyncDispose]() {
      memory.close();
      await Promise.all([pool.close(), older.close(), science?.close()]);
      if (typeof group !== 'string') await group.close();
    },
  };
}

const hostRanShort = {
  status: 'failed',
  kind: 'memoryLimit',
  message: 'the host ran short of memory, and this program took the most: hold less at once',
  stdout: '',
} as const;

interface PreparedSandbox {
  readonly guest: GuestFiles;
  readonly python: Python;
  readonly stateDirectory: string;
  /** `directory`: of another guest than this release's. */
  readonly start: (level: SandboxLevel, directory?: string, packages?: string) => Promise<Zygote>;
  /** Brings `grownBytes` of the children of all zygotes up to date. */
  readonly measure: () => Promise<void>;
}

/** What all levels share. */
export async function prepareSandbox(
  options: Omit<SandboxOptions, 'level'>,
  group: ControlGroup | string = '',
): Promise<PreparedSandbox> {
  const { stateDirectory, memoryMb } = options;
  await mkdir(stateDirectory, { recursive: true });
  await removeOrphanedSockets(stateDirectory);
  const guest = await installGuest(stateDirectory);
  const python = await findPython(guest, options.python);
  const bubblewrap = (await findBubblewrap()) ?? '';
  const zygotes = new Set<Zygote>();
  const start = async (level: SandboxLevel, directory = guest.directory, packages?: string) => {
    const zygote = await startZygote({
      level,
      python,
      guest: directory,
      packages,
      memoryMb,
      twoSteps: options.twoSteps,
      uid: sandboxUid,
      bubblewrap,
      socket: socketPath(stateDirectory),
      group: typeof group === 'string' ? undefined : group,
    });
    zygotes.add(zygote);
    return zygote;
  };
  const measure = async (): Promise<void> => {
    for (const zygote of zygotes) if (!zygote.alive) zygotes.delete(zygote);
    await Promise.all([...zygotes].map((zygote) => zygote.measure()));
  };
  return { guest, python, stateDirectory, start, measure };
}

/** Addresses of unix sockets are at most 107 bytes long. The socket is the worker's alone (mode 0600). */
function socketPath(stateDirectory: string): string {
  const name = `sandbox-${process.pid}-${randomBytes(4).toString('hex')}.sock`;
  const path = join(stateDirectory, name);
  return Buffer.byteLength(path) <= 107 ? path : join('/tmp', name);
}

/** Of workers that were killed and could not remove theirs. */
async function removeOrphanedSockets(stateDirectory: string): Promise<void> {
  for (const name of await readdir(stateDirectory)) {
    const pid = Number(/^sandbox-(\d+)-[0-9a-f]+\.sock$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) await rm(join(stateDirectory, name), { force: true });
  }
}
