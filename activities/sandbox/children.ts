/** The children of this release's guest, by what a text needs: plain ones, or those with numpy, pandas and matplotlib. */
import type { Child } from './child.ts';
import { needsScience } from './needs-science.ts';
import type { ReadyPool } from './ready-pool.ts';
import type { ScienceChildren } from './science-children.ts';

export interface Children {
  /** Waits until such children can be had: the first text that needs libraries waits for their installation. */
  prepare(text: string, signal: AbortSignal): Promise<void>;
  take(text: string): Promise<TakenChild>;
}

export interface TakenChild {
  readonly child: Child;
  /** To be called when its work has ended. */
  readonly done: () => void;
  /** Why it lacks libraries that the text asks for: the words of its ImportError. */
  readonly absent?: string;
}

const off = 'sandbox.libraries is off in the configuration of this worker; use the standard library';

/** Without `science`, libraries are off. */
export function createChildren(pool: ReadyPool, science: ScienceChildren | null): Children {
  const plain = async (): Promise<TakenChild> => ({ child: await pool.take(), done: () => {} });
  return {
    async prepare(text, signal) {
      if (science && needsScience(text)) await unlessAborted(science.ready(), signal);
    },
    async take(text) {
      if (!needsScience(text)) return await plain();
      const absent = science ? await science.ready() : off;
      if (absent !== null) return { ...(await plain()), absent };
      return await science!.take();
    },
  };
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
