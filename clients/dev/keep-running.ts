/** Restarts a part that died: after 1, 2, 4 … 30 s, and after 1 s again once it ran for a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedProcess } from './supervised-process.ts';

export interface KeptPart {
  /** Of the present process, if one runs now. */
  pid(): number | undefined;
  restarts(): number;
  stop(graceMs?: number): Promise<void>;
}

export interface KeepOptions {
  readonly name: string;
  /** Resolves when the part is ready; the first failure is the caller's. */
  readonly start: () => Promise<SupervisedProcess>;
  readonly onStart?: (process: SupervisedProcess) => void;
  readonly note: (text: string) => void;
  readonly firstDelayMs?: number;
}

const maxDelayMs = 30_000;
const steadyMs = 60_000;

export async function keepRunning(options: KeepOptions): Promise<KeptPart> {
  const firstDelayMs = options.firstDelayMs ?? 1_000;
  const stopping = new AbortController();
  let current: SupervisedProcess | undefined = await options.start();
  let restarts = 0;
  options.onStart?.(current);
  const loop = (async () => {
    let delayMs = firstDelayMs;
    for (;;) {
      if (current) {
        const since = Date.now();
        const end = await current.exited;
        current = undefined;
        if (stopping.signal.aborted) return;
        if (Date.now() - since > steadyMs) delayMs = firstDelayMs;
        options.note(`${options.name} ended (${end}); it starts again in ${delayMs / 1_000} s`);
      }
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      delayMs = Math.min(delayMs * 2, maxDelayMs);
      try {
        current = await options.start();
        restarts += 1;
        if (stopping.signal.aborted) {
          await current.stop();
          current = undefined;
          return;
        }
        options.onStart?.(current);
      } catch (error) {
        options.note(
          `${options.name} did not start: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  })();
  return {
    pid: () => current?.pid,
    restarts: () => restarts,
    async stop(graceMs) {
      stopping.abort();
      await current?.stop(graceMs);
      await loop;
    },
  };
}
