/** The host side of one zygote (guest/zygote.py): starts it, connects a child per program, hears how each ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { failure } from '../failure.ts';
import type { ControlGroup } from './control-group.ts';
import { type Child, type ChildExit, type ChildParts, createChild } from './child.ts';
import { type Deferred, deferred } from './deferred.ts';
import type { Python } from './find-python.ts';
import { parseFrame, readyFrameSchema } from './frames.ts';
import { createLineSplitter } from './lines.ts';
import type { SandboxLevel } from './sandbox.ts';
import { exitOf, reportSchema, type ZygoteReady, type ZygoteSize } from './zygote-reports.ts';

export interface ZygoteConfig {
  readonly level: SandboxLevel;
  readonly python: Python;
  /** Directory of the guest's files. */
  readonly guest: string;
  /** Directory of numpy, pandas and matplotlib, for the second kind of zygote (science-children.ts). */
  readonly packages?: string | undefined;
  readonly memoryMb: number;
  /** Leaves the one raw clone per program untried, as on kernels that refuse it (guest/fork.py). */
  readonly twoSteps?: boolean | undefined;
  readonly uid: number | null;
  readonly bubblewrap: string;
  /** Holds it and its children. */
  readonly group?: ControlGroup | undefined;
  /** Path of the listening socket, at most 107 bytes. */
  readonly socket: string;
}

export interface Zygote {
  readonly alive: boolean;
  /** Children made so far. */
  readonly made: number;
  /** Children that have not ended. */
  readonly running: number;
  readonly landlockAbi: number;
  readonly fork: ZygoteReady['fork'];
  /** What it itself has come to hold beyond what it began with. */
  readonly growth: ZygoteSize;
  readonly pid: number;
  /** Brings `grownBytes` of its children up to date. */
  measure(): Promise<void>;
  /** A confined child that waits for its start frame. */
  connect(): Promise<Child>;
  /** Kills it with all children. */
  close(): Promise<void>;
}

const startTimeoutMs = 30_000;
const maxEarly = 1_000;

/** Throws `Sandbox.Unavailable` with the last line the zygote wrote to stderr. */
export async function startZygote({ group, ...config }: ZygoteConfig): Promise<Zygote> {
  // A session of its own: Ctrl-C is the worker's to handle; the worker's death reaches it by PDEATHSIG and the control socket.
  const process = spawn(
    config.python.executable,
    ['-I', '-S', '-B', `${config.guest}/launch.py`, JSON.stringify(config)],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: {},
      cwd: '/',
      detached: true,
    },
  );
  if (group && process.pid) group.add(process.pid);
  const control = process.stdio[3] as Duplex;
  const errors = tailOf(process);
  const children = new Map<number, ChildParts>();
  /** Of children whose end was heard of before their beginning; most never become ready. */
  const early = new Map<number, ChildExit>();
  const ready = deferred<ZygoteReady>();
  const ended = deferred<void>();
  let measuring: Deferred<void> | null = null;
  let alive = true;
  let made = 0;
  let size: ZygoteSize | null = null;

  const lines = createLineSplitter(1 << 20, hear, () => process.kill('SIGKILL'));
  control.on('data', (chunk: Buffer) => lines.push(chunk));
  control.on('error', () => process.kill('SIGKILL'));
  process.on('error', (error) => end(error.message));
  process.on('exit', (code, signal) => end(errors() || `ended with ${signal ?? `status ${code}`}`));

  function hear(line: string): void {
    const report = parseFrame(line, reportSchema);
    if (report === null) return void process.kill('SIGKILL');
    if ('ready' in report) return ready.resolve(report);
    if ('size' in report) return void (size = report.size);
    if ('growths' in report) {
      for (const [slot, bytes] of report.growths) children.get(slot)?.grown(bytes);
      measuring?.resolve();
      measuring = null;
      return;
    }
    for (const exit of report.exit) leave(exit[0], exitOf(exit));
  }

  function enter(slot: number, child: ChildParts): void {
    children.set(slot, child);
    const exit = early.get(slot);
    if (exit) leave(slot, exit);
  }

  function leave(slot: number, exit: ChildExit): void {
    const child = children.get(slot);
    children.delete(slot);
    early.delete(slot);
    if (child) return child.exit(exit);
    early.set(slot, exit);
    const [oldest] = early.keys();
    if (early.size > maxEarly && oldest !== undefined) early.delete(oldest);
  }

  function end(reason: string): void {
    alive = false;
    ready.reject(failure('Sandbox.Unavailable', `the sandbox (${config.level}) did not start: ${reason}`));
    for (const child of children.values()) child.lost();
    children.clear();
    void rm(config.socket, { force: true });
    measuring?.resolve();
    ended.resolve();
  }

  const kill = (slot: number): void => {
    if (alive && children.has(slot)) control.write(`${JSON.stringify({ kill: slot })}\n`);
  };

  const timer = setTimeout(() => process.kill('SIGKILL'), startTimeoutMs);
  const { landlockAbi, fork, size: first } = await ready.promise.finally(() => clearTimeout(timer));

  return {
    landlockAbi,
    fork,
    get growth() {
      const { rssBytes, descriptors } = size ?? first;
      return { rssBytes: rssBytes - first.rssBytes, descriptors: descriptors - first.descriptors };
    },
    pid: process.pid ?? 0,
    get alive() {
      return alive;
    },
    get made() {
      return made;
    },
    get running() {
      return children.size;
    },
    async measure() {
      if (!alive) return;
      if (!measuring) control.write('{"measure":true}\n');
      measuring ??= deferred();
      await measuring.promise;
    },
    async connect() {
      made += 1;
      return await connectChild(config.socket, enter, kill);
    },
    async close() {
      control.destroy();
      if (alive) process.kill('SIGKILL');
      await ended.promise;
    },
  };
}

function connectChild(
  path: string,
  enter: (slot: number, child: ChildParts) => void,
  kill: (slot: number) => void,
): Promise<Child> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let slot = 0;
    const refuse = (reason: string): void => {
      socket.destroy();
      reject(failure('Sandbox.Unavailable', `the sandbox did not start a process: ${reason}`));
    };
    const onError = (error: Error): void => refuse(error.message);
    const onClose = (): void => refuse('it ended before it was ready');
    const parts = createChild(
      socket,
      (line) => {
        const frame = parseFrame(line, readyFrameSchema);
        if (frame?.t !== 'ready') return refuse(frame?.error ?? 'no ready frame');
        socket.off('error', onError).off('close', onClose);
        slot = frame.slot;
        enter(slot, parts);
        resolve(parts.child);
      },
      () => kill(slot),
    );
    socket.on('error', onError).on('close', onClose);
  });
}

/** The last line that the process wrote to stderr, bounded. */
function tailOf(process: ChildProcess): () => string {
  let tail = '';
  process.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-4_000);
  });
  return () => tail.trim().split('\n').at(-1) ?? '';
}
