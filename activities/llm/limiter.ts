/**
 * Calls in flight per model, over all processes. PostgreSQL leases slots to a process in blocks; within the process a call
 * takes one without a round trip. When others wait, a process gives back what it does not use at once.
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
  readonly rank: number;
  readonly start: () => void;
}

/** One model within this process. */
interface Pool {
  max: number;
  /** Leased to this process. */
  granted: number;
  /** Its fair share: nothing new starts above it. */
  target: number;
  used: number;
  /** In the order of service: by class, then by arrival. */
  readonly waiters: Waiter[];
  /** Other processes wait. */
  contended: boolean;
  /** The last lease gave less than was wanted: asking again before the next tick is no use. */
  denied: boolean;
  /** The round trip under way. */
  leasing: Promise<unknown> | undefined;
  timer: NodeJS.Timeout | undefined;
}

const ranks: Readonly<Record<CallClass, number>> = { interactive: 0, evaluation: 1, dataset: 2 };
const tickMs = 250;

/** `owner` names this process. */
export function createLimiter(database: Database, owner: string, leaseMs: number): Limiter {
  const pools = new Map<string, Pool>();

  function poolOf(model: string, max: number): Pool {
    let pool = pools.get(model);
    if (!pool) {
      pool = {
        max,
        granted: 0,
        target: 0,
        used: 0,
        waiters: [],
        contended: false,
        denied: false,
        leasing: undefined,
        timer: undefined,
      };
      pools.set(model, pool);
    }
    pool.max = max;
    return pool;
  }

  function serve(model: string, pool: Pool): void {
    startWaiters(pool);
    if (pool.waiters.length > 0 && !pool.denied) void lease(model, pool);
    if (pool.waiters.length > 0 || pool.used > 0)
      pool.timer ??= setInterval(() => void lease(model, pool), tickMs).unref();
  }

  /** One round trip at a time per model; when it fails, the next tick tries again. */
  async function lease(model: string, pool: Pool): Promise<void> {
    if (pool.leasing !== undefined || pools.get(model) !== pool) return;
    const wanted = pool.used + pool.waiters.length;
    // What is told to be unused may be given away meanwhile: nothing starts until the answer is here.
    pool.granted = pool.used;
    try {
      const asked = sql<Pick<Pool, 'granted' | 'target' | 'contended'>>`
        select * from llm_slots(${model}, ${owner}, ${pool.used}, ${wanted}, ${pool.max}, ${leaseMs})`.execute(
        database,
      );
      pool.leasing = asked;
      Object.assign(pool, (await asked).rows[0]);
      pool.denied = pool.granted < wanted;
    } catch {
      // PostgreSQL is away: what is in flight keeps its slot, who waits goes on waiting.
      pool.denied = true;
    } finally {
      pool.leasing = undefined;
    }
    const isIdle = pool.granted === 0 && pool.waiters.length === 0;
    if (isIdle || pools.get(model) !== pool) stop(pool);
    else serve(model, pool);
  }

  function release(model: string, pool: Pool): void {
    pool.used -= 1;
    if (pool.contended && (pool.granted <= 1 || pool.waiters.length === 0)) void lease(model, pool);
    else serve(model, pool);
  }

  function slotOf(model: string, pool: Pool): Slot {
    let held = true;
    return {
      release() {
        if (held) release(model, pool);
        held = false;
      },
    };
  }

  return {
    async acquire({ model, inFlight, callClass, signal, maxWaitMs }) {
      signal.throwIfAborted();
      const pool = poolOf(model, inFlight);
      const started = await new Promise<boolean>((resolve) => {
        const waiter: Waiter = { rank: ranks[callClass], start: () => end(true) };
        const timer = maxWaitMs === undefined ? undefined : setTimeout(() => end(false), maxWaitMs);
        const onAbort = (): void => end(false);
        const end = (result: boolean): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          const index = pool.waiters.indexOf(waiter);
          if (index !== -1) pool.waiters.splice(index, 1);
          resolve(result);
        };
        signal.addEventListener('abort', onAbort);
        const after = pool.waiters.findIndex(({ rank }) => rank > waiter.rank);
        pool.waiters.splice(after === -1 ? pool.waiters.length : after, 0, waiter);
        serve(model, pool);
      });
      const slot = started ? slotOf(model, pool) : undefined;
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

function startWaiters(pool: Pool): void {
  while (pool.used < Math.min(pool.granted, pool.target, pool.max)) {
    const waiter = pool.waiters.shift();
    if (!waiter) return;
    pool.used += 1;
    waiter.start();
  }
}

function stop(pool: Pool): void {
  clearInterval(pool.timer);
  pool.timer = undefined;
}
