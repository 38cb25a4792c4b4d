/**
 * Admission by memory: what runs stays within a budget of the host. A program is let in with the room that a typical one takes;
 * what it grows by is measured. Above the budget, or when the host runs short, the largest is ended.
 */
import type { Child } from './child.ts';
import type { HostMemory } from './host-memory.ts';

/** What a small program takes: bench sandbox, `privateMemoryMb`, rounded up. */
const typicalBytes = 6 * 1024 * 1024;
/** Smaller ones are never ended: it would not help. */
const endAboveBytes = 4 * typicalBytes;
const intervalMs = 500;
/** The host is short when less than this, or less than a twentieth of its memory, is available. */
const shortBytes = 256 * 1024 * 1024;

interface MemoryBudgetOptions {
  readonly budgetBytes: number;
  readonly hostMemory: () => HostMemory;
  /** Brings `grownBytes` of all children up to date. */
  readonly measure: () => Promise<void>;
  readonly log: (message: string) => void;
}

export interface Room {
  /** What takes the room; `end` ends its work because memory is short. */
  use(child: Child, end: () => void): void;
  leave(): void;
}

export interface MemoryBudget {
  /** Waits for room, in order. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<Room>;
  /** Does not wait: for work on which a program that has its room depends. */
  enterNow(): Room;
  close(): void;
}

interface Entry {
  child?: Child;
  end?: () => void;
}

export function createMemoryBudget(options: MemoryBudgetOptions): MemoryBudget {
  const { budgetBytes, hostMemory, measure, log } = options;
  const entries = new Set<Entry>();
  const queue: (() => void)[] = [];
  let short = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const usedBytes = (): number => [...entries].reduce((sum, entry) => sum + bytesOf(entry), 0);
  const hasRoom = (): boolean => entries.size === 0 || (!short && usedBytes() + typicalBytes <= budgetBytes);

  function enterNow(): Room {
    const entry: Entry = {};
    entries.add(entry);
    watch();
    return {
      use(child, end) {
        Object.assign(entry, { child, end });
      },
      leave() {
        entries.delete(entry);
        letIn();
      },
    };
  }

  function letIn(): void {
    while (queue.length > 0 && hasRoom()) queue.shift()?.();
  }

  function watch(): void {
    if (closed || timer || entries.size === 0) return;
    timer = setTimeout(() => {
      look().then(
        () => {
          timer = undefined;
          letIn();
          watch();
        },
        () => (timer = undefined),
      );
    }, intervalMs);
    timer.unref();
  }

  async function look(): Promise<void> {
    await measure();
    short = isShort(hostMemory());
    const used = usedBytes();
    if (!short && used <= budgetBytes) return;
    const largest = [...entries].reduce((most, entry) => (bytesOf(entry) > bytesOf(most) ? entry : most));
    if (bytesOf(largest) <= endAboveBytes) return;
    const of = short ? 'the host is short of memory' : `a budget of ${mib(budgetBytes)} MiB`;
    log(`programs take ${mib(used)} MiB (${of}): ending the largest, ${mib(bytesOf(largest))} MiB`);
    largest.end?.();
  }

  return {
    enterNow,
    async enter(signal) {
      signal.throwIfAborted();
      if (queue.length === 0 && hasRoom()) return enterNow();
      return await new Promise((resolve, reject) => {
        const admitted = (): void => {
          signal.removeEventListener('abort', aborted);
          resolve(enterNow());
        };
        const aborted = (): void => {
          queue.splice(queue.indexOf(admitted), 1);
          reject(signal.reason);
        };
        queue.push(admitted);
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function isShort({ availableBytes, totalBytes }: HostMemory): boolean {
  return availableBytes < Math.min(shortBytes, totalBytes / 20);
}

function bytesOf({ child }: Entry): number {
  return typicalBytes + (child?.grownBytes ?? 0);
}

function mib(bytes: number): number {
  return Math.round(bytes / (1 << 20));
}
