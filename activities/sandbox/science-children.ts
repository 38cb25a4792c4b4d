/**
 * Children with numpy, pandas and matplotlib, from a second warm zygote: started when a text first needs it, proved like the
 * first, closed when it has long been idle. Programs that do not need it never wait for it.
 */
import type { Child } from './child.ts';
import type { ReadyPool } from './ready-pool.ts';

export interface ScienceChildren {
  /** Null when children can be had, else why not. Waits for installation and start. */
  ready(): Promise<string | null>;
  /** `done` is called when the child's work has ended. After `ready` only. */
  take(): Promise<{ readonly child: Child; readonly done: () => void }>;
  close(): Promise<void>;
}

export interface ScienceOptions {
  /** Installs, starts and proves; rejects with the reason why there are none. */
  readonly open: () => Promise<ReadyPool>;
  readonly log: (message: string) => void;
  /** Closed after so long without work: the zygote holds some 150 MB. */
  readonly idleMs?: number;
}

const defaultIdleMs = 15 * 60_000;
/** For programs: paths and addresses of this machine are in the log only. */
const notReady = 'it could not be made ready on this worker, whose log says why; use the standard library';
/** A failed opening is not tried again for so long. */
const retryMs = 5 * 60_000;

export function createScienceChildren({
  open,
  log,
  idleMs = defaultIdleMs,
}: ScienceOptions): ScienceChildren {
  let opening: Promise<ReadyPool | string> | null = null;
  let inUse = 0;
  let timer: NodeJS.Timeout | undefined;

  function opened(): Promise<ReadyPool | string> {
    opening ??= open().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      log(`numpy, pandas and matplotlib are not available to programs: ${reason}`);
      after(retryMs, () => (opening = null));
      return notReady;
    });
    return opening;
  }

  function after(delayMs: number, action: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(action, delayMs);
    timer.unref();
  }

  async function retire(): Promise<void> {
    if (inUse > 0) return;
    const closing = opening;
    opening = null;
    const pool = await closing;
    if (typeof pool === 'object') await pool?.close();
  }

  return {
    async ready() {
      const pool = await opened();
      return typeof pool === 'string' ? pool : null;
    },
    async take() {
      clearTimeout(timer);
      inUse += 1;
      let done = (): void => {
        done = () => {};
        inUse -= 1;
        if (inUse === 0) after(idleMs, () => void retire());
      };
      try {
        const pool = await opened();
        if (typeof pool === 'string') throw new Error(pool);
        return { child: await pool.take(), done: () => done() };
      } catch (error) {
        done();
        throw error;
      }
    },
    async close() {
      clearTimeout(timer);
      inUse = 0;
      await retire();
    },
  };
}
