/**
 * Ready children ahead of demand, and the zygote's replacement: at once when it has died; when it is worn, by one that is
 * started while it goes on serving. A worn zygote is closed when the last of its children has ended.
 */
import type { Child } from './child.ts';
import type { Zygote } from './zygote.ts';

export interface ReadyPoolOptions {
  /** The first zygote; the self-test has proved it. */
  readonly first: Zygote;
  readonly start: () => Promise<Zygote>;
  /** Children kept ready. */
  readonly size: number;
  /** A zygote is worn after so many children. */
  readonly maxPrograms: number;
  /** It is worn, too, when it has come to hold so much more than at its start; default 64 MiB and 64 descriptors. */
  readonly maxGrowthBytes?: number | undefined;
  readonly maxGrowthDescriptors?: number | undefined;
  readonly log: (message: string) => void;
}

export interface ReadyPool {
  /** Throws `Sandbox.Unavailable` when no zygote can be started. */
  take(): Promise<Child>;
  /** Of the zygote that serves now. */
  zygotePid(): Promise<number>;
  close(): Promise<void>;
}

const attempts = 3;
const retirementCheckMs = 1_000;
/** A replacement that did not start is tried again after this time. */
const retryMs = 10_000;

export function createReadyPool(options: ReadyPoolOptions): ReadyPool {
  const { maxPrograms, maxGrowthBytes = 64 * 1024 * 1024, maxGrowthDescriptors = 64 } = options;
  let current: Promise<Zygote> = Promise.resolve(options.first);
  let waiting: Promise<Child>[] = [];
  const zygotes = new Set<Zygote>([options.first]);
  let nextReplacementMs = 0;
  let closed = false;

  function wornOut({ made, growth }: Zygote): string | null {
    if (made >= maxPrograms) return `has served ${made} programs`;
    if (growth.rssBytes > maxGrowthBytes) return `has grown by ${growth.rssBytes >> 20} MiB`;
    if (growth.descriptors > maxGrowthDescriptors) return `has grown by ${growth.descriptors} descriptors`;
    return null;
  }

  async function start(): Promise<Zygote> {
    const zygote = await options.start();
    zygotes.add(zygote);
    if (closed) void zygote.close();
    return zygote;
  }

  /** The zygote to use; one that has died is replaced once, however many ask. */
  async function serving(): Promise<Zygote> {
    const asked = current;
    const zygote = await asked.catch(() => null);
    if (zygote?.alive) {
      const worn = wornOut(zygote);
      if (worn !== null) replace(zygote, worn);
      return zygote;
    }
    if (current === asked && !closed) {
      options.log('the sandbox ended: starting another');
      if (zygote) zygotes.delete(zygote);
      drop(waiting);
      current = start();
    }
    return await current;
  }

  /** Begins once per worn zygote. */
  function replace(worn: Zygote, reason: string): void {
    if (closed || performance.now() < nextReplacementMs) return;
    nextReplacementMs = Number.POSITIVE_INFINITY;
    options.log(`the sandbox ${reason}: starting another`);
    start().then(
      (next) => {
        nextReplacementMs = 0;
        current = Promise.resolve(next);
        retire(worn);
      },
      (error: unknown) => {
        nextReplacementMs = performance.now() + retryMs;
        options.log(
          `it goes on with the one it has: ${error instanceof Error ? error.message : String(error)}`,
        );
      },
    );
  }

  function retire(zygote: Zygote): void {
    const timer = setInterval(() => {
      if (zygote.alive && zygote.running > 0) return;
      clearInterval(timer);
      zygotes.delete(zygote);
      void zygote.close();
    }, retirementCheckMs);
    timer.unref();
  }

  function drop(children: readonly Promise<Child>[]): void {
    waiting = [];
    for (const child of children)
      child.then(
        (ready) => ready.kill(),
        () => {},
      );
  }

  function refill(zygote: Zygote): void {
    while (!closed && waiting.length < options.size && zygote.alive && wornOut(zygote) === null) {
      const child = zygote.connect();
      child.catch(() => {});
      waiting.push(child);
    }
  }

  return {
    async take() {
      for (let attempt = 1; ; attempt += 1) {
        const zygote = await serving();
        const next = waiting.shift() ?? zygote.connect();
        setImmediate(refill, zygote);
        try {
          const child = await next;
          if (child.alive) return child;
        } catch (error) {
          if (attempt >= attempts) throw error;
        }
      }
    },
    zygotePid: async () => (await serving()).pid,
    async close() {
      closed = true;
      await Promise.all([...zygotes].map((zygote) => zygote.close()));
    },
  };
}
