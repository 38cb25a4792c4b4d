/** One confined process, seen from the host: a socket for frames, and the zygote's word on how it ended. */
import type { Socket } from 'node:net';
import { maxLineBytes } from './frames.ts';
import { createLineSplitter } from './lines.ts';

export interface ChildExit {
  /** Wait status: exit code or the number of the signal that ended the process. */
  readonly code: number | null;
  readonly signal: number | null;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

export interface ChildListener {
  line(line: string): void;
  /** A line beyond the limit; nothing more is read. */
  overflow(): void;
  /** The process is gone and all it wrote was delivered. */
  ended(exit: ChildExit): void;
  /** The sandbox itself broke: the zygote died. */
  broke(): void;
}

export interface Child {
  readonly alive: boolean;
  /** By how much it held more than at its start when it was last measured. */
  readonly grownBytes: number;
  send(frame: unknown): void;
  kill(): void;
  listen(listener: ChildListener): void;
}

/** Used by zygote.ts alone. `first` receives the first line; then whoever took the child listens. */
export interface ChildParts {
  readonly child: Child;
  readonly socket: Socket;
  exit(exit: ChildExit): void;
  lost(): void;
  grown(bytes: number): void;
}

/** How long a process whose socket has closed may still live. */
const closingMs = 100;

export function createChild(socket: Socket, first: (line: string) => void, kill: () => void): ChildParts {
  let listener: ChildListener | null = null;
  let exit: ChildExit | null = null;
  let closed = false;
  let over = false;
  let grownBytes = 0;
  let closing: NodeJS.Timeout | undefined;

  const settle = (): void => {
    if (over || !closed || exit === null) return;
    over = true;
    listener?.ended(exit);
  };
  const splitter = createLineSplitter(
    maxLineBytes,
    (line) => (listener ? listener.line(line) : first(line)),
    () => listener?.overflow(),
  );
  socket.on('data', (chunk) => splitter.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    closed = true;
    settle();
    if (exit === null) closing = setTimeout(kill, closingMs).unref();
  });

  return {
    socket,
    child: {
      get alive() {
        return !over && exit === null && !closed;
      },
      get grownBytes() {
        return grownBytes;
      },
      send(frame) {
        if (!socket.destroyed) socket.write(`${JSON.stringify(frame)}\n`);
      },
      kill,
      listen(next) {
        listener = next;
        if (over) next.broke();
      },
    },
    grown(bytes) {
      grownBytes = bytes;
    },
    exit(reported) {
      clearTimeout(closing);
      exit = reported;
      settle();
    },
    lost() {
      clearTimeout(closing);
      if (over) return;
      over = true;
      socket.destroy();
      listener?.broke();
    },
  };
}
