/** Live programs by execution, bounded by count and idle time. An evicted one is rebuilt by replay when it is stepped again. */
export interface SessionCache<T extends AsyncDisposable> extends AsyncDisposable {
  /** One user of a key at a time. `create` runs when there is none; what `use` throws evicts it. */
  use<R>(key: string, create: () => Promise<T>, use: (item: T) => Promise<R>): Promise<R>;
  evict(key: string): Promise<void>;
}

export interface SessionCacheOptions {
  readonly maxCount?: number;
  readonly maxIdleMs?: number;
}

interface Slot<T> {
  item: T | null;
  /** Settles when the current user is done. */
  busy: Promise<unknown>;
  users: number;
  lastUsedMs: number;
}

export function createSessionCache<T extends AsyncDisposable>(
  options: SessionCacheOptions = {},
): SessionCache<T> {
  const { maxCount = 64, maxIdleMs = 60_000 } = options;
  const slots = new Map<string, Slot<T>>();
  const sweeper = setInterval(
    () => sweep(Date.now() - maxIdleMs, Infinity),
    Math.min(maxIdleMs, 10_000),
  ).unref();

  /** Idle slots that were last used before `beforeMs`, and the oldest ones beyond `count`. Map order is order of use. */
  function sweep(beforeMs: number, count: number): void {
    const idle = [...slots].filter(([, slot]) => slot.users === 0);
    const tooMany = slots.size - count;
    idle.forEach(([key, slot], index) => {
      if (slot.lastUsedMs < beforeMs || index < tooMany) void dispose(key, slot);
    });
  }

  async function dispose(key: string, slot: Slot<T>): Promise<void> {
    const { item } = slot;
    slot.item = null;
    if (slot.users === 0 && slots.get(key) === slot) slots.delete(key);
    await item?.[Symbol.asyncDispose]();
  }

  return {
    async use(key, create, use) {
      const slot = slots.get(key) ?? { item: null, busy: Promise.resolve(), users: 0, lastUsedMs: 0 };
      slots.delete(key);
      slots.set(key, slot);
      slot.users += 1;
      const before = slot.busy;
      let done = (): void => {};
      slot.busy = new Promise<void>((resolve) => (done = resolve));
      try {
        await before;
        slot.item ??= await create();
        return await use(slot.item);
      } catch (error) {
        await dispose(key, slot);
        throw error;
      } finally {
        slot.users -= 1;
        slot.lastUsedMs = Date.now();
        if (slot.users === 0 && !slot.item) slots.delete(key);
        done();
        sweep(0, maxCount);
      }
    },
    async evict(key) {
      const slot = slots.get(key);
      if (slot) await dispose(key, slot);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper);
      await Promise.all([...slots].map(([key, slot]) => dispose(key, slot)));
    },
  };
}
