/**
 * Calls in flight per model, over all processes. PostgreSQL leases slots to a process in blocks; within the process a call
 * takes one without a round trip: a process keeps for a second what it had in use. When others wait, it gives back what it
 * does not use at once.
 * Classes are served in order, within a process and over all of them; a class that has waited `agingMs` in a process without
 * a slot of its own gets one first (migrations/0007-slot-classes.ts has the rule).
 */
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';
import type { CallClass } from './chat.ts';

export interface Slot {
  release(): void;
}

export interface Limiter {
  /** Undefined when none came free within `maxWaitMs`. Throws the signal's reason. */
  acquire(options: {
    readonly model: string;
    readonly inFlight: number;
    readonly callClass: CallClass;
    readonly signal: AbortSignal;
    readonly maxWaitMs: number | undefined;
  }): Promise<Slot | undefined>;
  /** Gives every slot back. */
  close(): Promise<void>;
}

interface Waiter {
  readonly sinceMs: number;
  readonly start: () => void;
}

/** The calls of one class on one model within this process. */
interface Lane {
  used: number;
  /** The most that was in use since `peakSinceMs`, and in the second before. */
  peak: number;
  earlierPeak: number;
  peakSinceMs: number;
  /** When one of its slots was last given back. */
  servedMs: number;
  /** In the order of arrival. */
  readonly waiters: Waiter[];
}

/** One model within this process. */
interface Pool {
  max: number;
  /** Leased to this process. */
  granted: number;
  /** Its fair share of what higher classes elsewhere leave: nothing new starts above it. */
  target: number;
  /** In the order of service. */
  readonly lanes: readonly [interactive: Lane, evaluation: Lane, dataset: Lane];
  /** Other processes wait. */
  contended: boolean;
  /** The last lease gave less than was wanted: asking again before the next tick is no use. */
  denied: boolean;
  /** The round trip under way. */
  leasing: Promise<unknown> | undefined;
  timer: NodeJS.Timeout | undefined;
}

const ranks = { interactive: 0, evaluation: 1, dataset: 2 } as const satisfies Record<CallClass, number>;
const tickMs = 250;
const keepMs = 1_000;
/** Long enough for a burst of better calls to pass, short enough for the lower class to keep moving. */
const defaultAgingMs = 10_000;

/** `owner` names this process. */
export function createLimiter(
  database: Database,
  owner: string,
  leaseMs: number,
  agingMs = defaultAgingMs,
): Limiter {
  const pools = new Map<string, Pool>();

  function poolOf(model: string, max: number): Pool {
    const pool = pools.get(model) ?? newPool(max);
    pools.set(model, pool);
    pool.max = max;
    return pool;
  }

  function serve(model: string, pool: Pool): void {
    startWaiters(pool, agingMs);
    const waiting = waitingIn(pool);
    if (waiting > 0 && !pool.denied) void lease(model, pool);
    if (waiting > 0 || pool.granted > 0)
      pool.timer ??= setInterval(() => void lease(model, pool), tickMs).unref();
  }

  /** One round trip at a time per model; when it fails, the next tick tries again. */
  async function lease(model: string, pool: Pool): Promise<void> {
    if (pool.leasing !== undefined || pools.get(model) !== pool) return;
    const used = pool.lanes.map((lane) => lane.used);
    const wanted = pool.lanes.map((lane) => {
      const now = lane.used + lane.waiters.length;
      return pool.contended ? now : Math.max(now, recentPeak(lane));
    });
    const aged = pool.lanes.map((lane) => isAged(lane, agingMs));
    // What is told to be unused may be given away meanwhile: nothing starts until the answer is here.
    pool.granted = usedIn(pool);
    const all = pool.granted + waitingIn(pool);
    try {
      const asked = sql<Pick<Pool, 'granted' | 'target' | 'contended'>>`
        select * from llm_slots(${model}, ${owner}, ${used}, ${wanted}, ${aged}, ${pool.max}, ${leaseMs})`.execute(
        database,
      );
      pool.leasing = asked;
      Object.assign(pool, (await asked).rows[0]);
      pool.denied = pool.granted < all;
    } catch {
      // PostgreSQL is away: what is in flight keeps its slot, who waits goes on waiting.
      pool.denied = true;
    } finally {
      pool.leasing = undefined;
    }
    const isIdle = pool.granted === 0 && waitingIn(pool) === 0;
    if (isIdle || pools.get(model) !== pool) stop(pool);
    else serve(model, pool);
  }

  function release(model: string, pool: Pool, lane: Lane): void {
    lane.used -= 1;
    lane.servedMs = performance.now();
    const isSpare = pool.granted <= 1 || waitingIn(pool) === 0 || usedIn(pool) >= pool.target;
    if (pool.contended && isSpare) void lease(model, pool);
    else serve(model, pool);
  }

  function slotOf(model: string, pool: Pool, lane: Lane): Slot {
    let held = true;
    return {
      release() {
        if (held) release(model, pool, lane);
        held = false;
      },
    };
  }

  return {
    async acquire({ model, inFlight, callClass, signal, maxWaitMs }) {
      signal.throwIfAborted();
      const pool = poolOf(model, inFlight);
      const lane = pool.lanes[ranks[callClass]];
      const started = await new Promise<boolean>((resolve) => {
        const waiter: Waiter = { sinceMs: performance.now(), start: () => end(true) };
        const timer = maxWaitMs === undefined ? undefined : setTimeout(() => end(false), maxWaitMs);
        const onAbort = (): void => end(false);
        const end = (result: boolean): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          const index = lane.waiters.indexOf(waiter);
          if (index !== -1) lane.waiters.splice(index, 1);
          resolve(result);
        };
        signal.addEventListener('abort', onAbort);
        lane.waiters.push(waiter);
        serve(model, pool);
      });
      const slot = started ? slotOf(model, pool, lane) : undefined;
      if (signal.aborted) slot?.release();
      signal.throwIfAborted();
      return slot;
    },
    async close() {
      const leases = [...pools.values()].flatMap(({ leasing }) => (leasing === undefined ? [] : [leasing]));
      for (const pool of pools.values()) stop(pool);
      pools.clear();
      // One that is answered later would bring its row back.
      await Promise.allSettled(leases);
      await database.deleteFrom('model_slots').where('owner', '=', owner).execute();
    },
  };
}

function newPool(max: number): Pool {
  const lane = (): Lane => ({
    ...{ used: 0, peak: 0, earlierPeak: 0, peakSinceMs: 0 },
    ...{ servedMs: 0, waiters: [] },
  });
  return {
    max,
    granted: 0,
    target: 0,
    lanes: [lane(), lane(), lane()],
    contended: false,
    denied: false,
    leasing: undefined,
    timer: undefined,
  };
}

function startWaiters(pool: Pool, agingMs: number): void {
  while (usedIn(pool) < Math.min(pool.granted, pool.target, pool.max)) {
    const lane =
      pool.lanes.findLast((other) => isAged(other, agingMs)) ??
      pool.lanes.find(({ waiters }) => waiters.length > 0);
    const waiter = lane?.waiters.shift();
    if (!lane || !waiter) return;
    lane.used += 1;
    lane.peak = Math.max(lane.peak, lane.used);
    waiter.start();
  }
}

function recentPeak(lane: Lane): number {
  const now = performance.now();
  if (now - lane.peakSinceMs >= keepMs) {
    lane.earlierPeak = now - lane.peakSinceMs >= 2 * keepMs ? 0 : lane.peak;
    lane.peak = lane.used;
    lane.peakSinceMs = now;
  }
  return Math.max(lane.peak, lane.earlierPeak);
}

/** No call of the class is under way, and its first waiter has waited since the last one, or since it came. */
function isAged({ used, servedMs, waiters: [first] }: Lane, agingMs: number): boolean {
  return (
    used === 0 && first !== undefined && performance.now() - Math.max(first.sinceMs, servedMs) >= agingMs
  );
}

function usedIn({ lanes }: Pool): number {
  return lanes.reduce((sum, { used }) => sum + used, 0);
}

function waitingIn({ lanes }: Pool): number {
  return lanes.reduce((sum, { waiters }) => sum + waiters.length, 0);
}

function stop(pool: Pool): void {
  clearInterval(pool.timer);
  pool.timer = undefined;
}
