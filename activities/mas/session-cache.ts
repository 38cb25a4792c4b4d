/**
 * Live programs by execution, bounded by count, memory and idle time. An evicted one is rebuilt by replay when it is stepped
 * again.
 */
import { failure } from '../failure.ts';

export interface Cached extends AsyncDisposable {
  /** Memory that it holds, in its process and in this one; an estimate that grows with it. */
  readonly bytes: number;
}

export interface SessionCache<T extends Cached> extends AsyncDisposable {
  /** One user of a key at a time. `create` runs when there is none; what `use` throws evicts it. */
  use<R>(key: string, create: () => Promise<T>, use: (item: T) => Promise<R>): Promise<R>;
  /** Null when there is none. */
  useLive<R>(key: string, use: (item: T) => Promise<R>): Promise<R | null>;
  /** For a look; another may be using it. */
  peek(key: string): T | null;
  /** Leaves none behind, also when one is in use or being made: its user is thrown out. */
  evict(key: string): Promise<void>;
}

export interface SessionCacheOptions {
  readonly maxCount?: number;
  /** Of all idle ones; those in use count, too. */
  readonly maxBytes?: number;
  readonly maxIdleMs?: number;
}

interface Slot<T> {
  item: T | null;
  /** Settles when the current user is done. */
  busy: Promise<unknown>;
  users: number;
  evictions: number;
  lastUsedMs: number;
}

export function createSessionCache<T extends Cached>(options: SessionCacheOptions = {}): SessionCache<T> {
  const { maxCount = 128, maxBytes = 1024 ** 3, maxIdleMs = 60_000 } = options;
  const slots = new Map<string, Slot<T>>();
  const sweeper = setInterval(() => sweep(Date.now() - maxIdleMs), Math.min(maxIdleMs, 10_000)).unref();

  /** Idle slots that were last used before `beforeMs`, and the oldest ones beyond the bounds. Map order is order of use. */
  function sweep(beforeMs: number): void {
    let count = slots.size;
    let bytes = [...slots.values()].reduce((sum, { item }) => sum + (item?.bytes ?? 0), 0);
    for (const [key, slot] of slots) {
      if (slot.users > 0) continue;
      if (slot.lastUsedMs >= beforeMs && count <= maxCount && bytes <= maxBytes) continue;
      count -= 1;
      bytes -= slot.item?.bytes ?? 0;
      void dispose(key, slot);
    }
  }

  async function dispose(key: string, slot: Slot<T>): Promise<void> {
    const { item } = slot;
    slot.item = null;
    if (slot.users === 0 && slots.get(key) === slot) slots.delete(key);
    await item?.[Symbol.asyncDispose]();
  }

  async function inTurn<R>(key: string, slot: Slot<T>, work: () => Promise<R>): Promise<R> {
    slots.delete(key);
    slots.set(key, slot);
    slot.users += 1;
    const before = slot.busy;
    let done = (): void => {};
    slot.busy = new Promise<void>((resolve) => (done = resolve));
    try {
      await before;
      return await work();
    } catch (error) {
      await dispose(key, slot);
      throw error;
    } finally {
      slot.users -= 1;
      slot.lastUsedMs = Date.now();
      if (slot.users === 0 && !slot.item) slots.delete(key);
      done();
      sweep(0);
    }
  }

  return {
    async use(key, create, use) {
      const slot = slots.get(key) ?? newSlot<T>();
      const { evictions } = slot;
      return await inTurn(key, slot, async () => {
        if (slot.evictions === evictions) slot.item ??= await create();
        if (slot.evictions !== evictions || !slot.item) throw evicted(key);
        return await use(slot.item);
      });
    },
    async useLive(key, use) {
      const slot = slots.get(key);
      if (!slot) return null;
      return await inTurn(key, slot, async () => (slot.item ? await use(slot.item) : null));
    },
    peek: (key) => slots.get(key)?.item ?? null,
    async evict(key) {
      const slot = slots.get(key);
      if (!slot) return;
      slot.evictions += 1;
      await dispose(key, slot);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper);
      await Promise.all([...slots].map(([key, slot]) => dispose(key, slot)));
    },
  };
}

function newSlot<T>(): Slot<T> {
  return { item: null, busy: Promise.resolve(), users: 0, evictions: 0, lastUsedMs: 0 };
}

function evicted(key: string): Error {
  return failure('Sandbox.Unavailable', `the live program of ${key} was given up while it was stepped`);
}
