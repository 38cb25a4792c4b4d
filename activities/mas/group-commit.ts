/**
 * Many small writes, few round trips: what is added while a flush is under way goes out together with the next one.
 * `add` settles after its own item is committed, so that nobody builds on a write that may still be lost.
 */
export interface GroupCommit<T, R> {
  add(item: T, bytes: number): Promise<R>;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly bytes: number;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

const gatherMs = 2;
const maxItems = 256;
const maxBytes = 4 * 1024 * 1024;

/** `flush` returns one result per item, in order; when it throws, each of its items fails with that error. */
export function createGroupCommit<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[]>,
): GroupCommit<T, R> {
  const queue: Waiting<T, R>[] = [];
  let flushing = false;
  let busy = false;

  async function drain(): Promise<void> {
    if (flushing) return;
    flushing = true;
    // Calls that end in the same turn of the event loop share a flush.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      // Where several writers are at work, waiting for their next items costs less than a round trip for each.
      if (busy) await new Promise((resolve) => setTimeout(resolve, gatherMs));
      const group = takeGroup(queue);
      busy = group.length > 1;
      try {
        const results = await flush(group.map(({ item }) => item));
        group.forEach((waiting, index) => waiting.resolve(results[index] as R));
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    flushing = false;
  }

  return {
    add: (item, bytes) =>
      new Promise((resolve, reject) => {
        queue.push({ item, bytes, resolve, reject });
        void drain();
      }),
  };
}

function takeGroup<T, R>(queue: Waiting<T, R>[]): Waiting<T, R>[] {
  let bytes = 0;
  let count = 0;
  for (const waiting of queue) {
    if (count > 0 && (count === maxItems || bytes + waiting.bytes > maxBytes)) break;
    bytes += waiting.bytes;
    count += 1;
  }
  return queue.splice(0, count);
}
