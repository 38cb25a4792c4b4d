/**
 * Keeps a model server answering: one that died, or lives and does not answer, is replaced after 0.5, 1, 2 … 30 s. Five starts in
 * a row without an answer, and it gives up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { answersHealth, type ModelServer } from './model-server.ts';

export interface HealthChecks {
  /** Between two checks. */
  readonly everyMs: number;
  /** A check that takes longer has failed. */
  readonly timeoutMs: number;
  /** Failed checks in a row, after which the server is killed. */
  readonly misses: number;
}

/** A crowded machine may keep a healthy server from answering for seconds. */
export const defaultChecks: HealthChecks = { everyMs: 2_000, timeoutMs: 10_000, misses: 3 };

export interface KeptServer {
  /** Where requests go now; null while no server answers. */
  socketPath(): string | null;
  pid(): number | undefined;
  restarts(): number;
  /** A request took longer than any client waits: the server is replaced. */
  distrust(why: string): void;
  /** Settles with the reason when it gave up. */
  readonly gaveUp: Promise<string>;
  stop(): Promise<void>;
}

const maxDelayMs = 30_000;
/** Deaths within this time count for the delay. */
const memoryMs = 600_000;
const maxFailedStarts = 5;

export interface KeepServingOptions {
  /** Resolves when the server answers. The first failure is the caller's. */
  readonly start: (nth: number, signal: AbortSignal) => Promise<ModelServer>;
  readonly checks: HealthChecks;
  readonly note: (text: string) => void;
  readonly firstDelayMs?: number;
}

export async function keepServing({
  start,
  checks,
  note,
  firstDelayMs = 500,
}: KeepServingOptions): Promise<KeptServer> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current: ModelServer | null = await start(0, signal);
  let starts = 1;
  let deaths: number[] = [];
  let giveUp: (why: string) => void = () => {};
  const gaveUp = new Promise<string>((resolve) => (giveUp = resolve));

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => {});

  /** Until it is dead: whoever does not answer is killed, and no TERM is waited for. */
  async function watch({ process, socketPath }: ModelServer): Promise<string> {
    let [missed, ended] = [0, ''];
    const exited = process.exited.then((end) => (ended ||= `ended (${end})`));
    while (ended === '' && !signal.aborted) {
      await Promise.race([exited, pause(checks.everyMs)]);
      if (ended !== '' || signal.aborted) break;
      const answers = await Promise.race([
        exited.then(() => true),
        answersHealth(socketPath, checks.timeoutMs),
      ]);
      missed = answers ? 0 : missed + 1;
      if (missed >= checks.misses && ended === '') {
        ended = 'did not answer';
        process.signal('SIGKILL');
      }
    }
    if (ended !== '') await exited;
    return ended;
  }

  /** Null when it gave up or is to stop. */
  async function replace(): Promise<ModelServer | null> {
    for (let failed = 0; failed < maxFailedStarts && !signal.aborted; failed += 1) {
      const now = Date.now();
      deaths = [...deaths.filter((at) => now - at < memoryMs), now];
      const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (deaths.length - 1));
      note(`the model server starts again in ${delayMs / 1_000} s`);
      await pause(delayMs);
      if (signal.aborted) return null;
      try {
        starts += 1;
        return await start(starts - 1, signal);
      } catch (error) {
        if (!signal.aborted) note(error instanceof Error ? error.message : String(error));
      }
    }
    if (!signal.aborted)
      giveUp(`the model server did not answer after ${maxFailedStarts} starts in a row: it is given up`);
    return null;
  }

  const loop = (async () => {
    while (current) {
      const ended = await watch(current);
      if (signal.aborted) return;
      current = null;
      note(`the model server ${ended}`);
      current = await replace();
      if (current) note('the model server answers again');
    }
  })();

  return {
    socketPath: () => current?.socketPath ?? null,
    pid: () => current?.process.pid,
    restarts: () => starts - 1,
    distrust(why) {
      note(why);
      current?.process.signal('SIGKILL');
    },
    gaveUp,
    async stop() {
      stopping.abort();
      await current?.process.stop(5_000);
      await loop;
      await current?.process.stop(5_000);
    },
  };
}
