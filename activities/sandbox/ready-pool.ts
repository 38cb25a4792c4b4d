/** Ready children ahead of demand, and the zygote's replacement: when it has died, and after a number of programs. */
import type { Child } from './child.ts';
import type { Zygote } from './zygote.ts';

export interface ReadyPoolOptions {
  /** The first zygote; the self-test has proved it. */
  readonly first: Zygote;
  readonly start: () => Promise<Zygote>;
  /** Children kept ready. */
  readonly size: number;
  /** A zygote is replaced after so many children, and closed when the last of them has ended. */
  readonly maxPrograms: number;
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

export function createReadyPool(options: ReadyPoolOptions): ReadyPool {
  let current: Promise<Zygote> = Promise.resolve(options.first);
  let waiting: Promise<Child>[] = [];
  const zygotes = new Set<Zygote>([options.first]);
  let closed = false;

  /** The zygote to use; a replacement is started once, however many ask. */
  async function serving(): Promise<Zygote> {
    const asked = current;
    const zygote = await asked.catch(() => null);
    if (zygote?.alive && zygote.made < options.maxPrograms) return zygote;
    if (current === asked && !closed) {
      if (zygote?.alive) retire(zygote);
      else waiting = [];
      options.log(
        zygote?.alive
          ? 'the sandbox has served its share: starting another'
          : 'the sandbox ended: starting another',
      );
      current = options.start().then((next) => {
        zygotes.add(next);
        if (closed) void next.close();
        return next;
      });
    }
    return await current;
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

  function refill(zygote: Zygote): void {
    while (!closed && waiting.length < options.size && zygote.alive && zygote.made < options.maxPrograms) {
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
