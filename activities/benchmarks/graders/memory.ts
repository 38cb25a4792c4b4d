/**
 * What was worked out a moment ago is not worked out again: the programs of a matrix often give one query the same answer. Work that
 * fails, and results that might be others next time, are shared with nobody.
 */
import { canonicalHash } from '../../storage/canonical-json.ts';

export interface Memory<R> {
  /** `key`: all that the result depends on, as JSON. Throws what `work` throws. */
  get(key: unknown, work: () => Promise<R>): Promise<R>;
}

/** Small results: so many of them are kept, the oldest go first. */
const most = 5_000;

export function createMemory<R>(keep: (result: R) => boolean): Memory<R> {
  const kept = new Map<string, R>();
  const underWay = new Map<string, Promise<R>>();
  return {
    async get(key, work) {
      const hash = canonicalHash(key);
      const known = kept.get(hash);
      if (known !== undefined) return known;
      const other = underWay.get(hash);
      const result = other && (await other.catch(() => undefined));
      if (result !== undefined && keep(result)) return result;
      const own = work();
      underWay.set(hash, own);
      try {
        const found = await own;
        if (keep(found)) kept.set(hash, found);
        for (const oldest of kept.keys()) {
          if (kept.size <= most) break;
          kept.delete(oldest);
        }
        return found;
      } finally {
        if (underWay.get(hash) === own) underWay.delete(hash);
      }
    },
  };
}
