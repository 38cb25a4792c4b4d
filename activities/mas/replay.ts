/**
 * Which recorded call answers which call of a program that runs again. Exact key: at once. Else, once all threads wait, an
 * unused row of the same hash: a divergence. Only then, because a deterministic program has by then claimed all its rows;
 * before it, a thread would take the reply that its twin is about to ask for.
 */
import type { CallKey, JournalEntry } from './journal.ts';

export interface Replay {
  /** The row of exactly this call, marked as used. */
  take(key: CallKey): JournalEntry | null;
  /** Whether an unused reply to an equal call of another key is on record. */
  hasOther(key: CallKey): boolean;
  /** Takes that reply, and counts a divergence. */
  takeOther(key: CallKey): JournalEntry | null;
  readonly divergences: number;
  /** The first free `seq`. */
  readonly nextSeq: number;
}

export function createReplay(entries: readonly JournalEntry[]): Replay {
  const byKey = new Map(entries.map((entry) => [keyText(entry), entry]));
  const unused = new Map<string, Set<JournalEntry>>();
  for (const entry of entries) {
    if (entry.reply !== null) unused.set(entry.hash, (unused.get(entry.hash) ?? new Set()).add(entry));
  }
  let divergences = 0;
  return {
    take(key) {
      const entry = byKey.get(keyText(key)) ?? null;
      if (entry) {
        byKey.delete(keyText(key));
        unused.get(key.hash)?.delete(entry);
      }
      return entry;
    },
    hasOther: (key) => (unused.get(key.hash)?.size ?? 0) > 0,
    takeOther(key) {
      const [entry] = unused.get(key.hash) ?? [];
      if (!entry) return null;
      unused.get(key.hash)?.delete(entry);
      byKey.delete(keyText(entry));
      divergences += 1;
      return entry;
    },
    get divergences() {
      return divergences;
    },
    nextSeq: entries.reduce((next, { seq }) => Math.max(next, seq + 1), 0),
  };
}

function keyText({ lineage, hash, occurrence }: CallKey): string {
  return `${lineage} ${hash} ${occurrence}`;
}
