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
  /**
   * The call goes out as a new one. Its line makes its calls one after the other: where rows of that line are left, it has
   * taken another way than before, which counts once.
   */
  leave(key: CallKey): void;
  readonly divergences: number;
  /** The first free `seq`. */
  readonly nextSeq: number;
}

export function createReplay(entries: readonly JournalEntry[]): Replay {
  const byKey = new Map(entries.map((entry) => [keyText(entry), entry]));
  const replied = new Map<string, Set<JournalEntry>>();
  /** Rows that nobody has come for, by line. */
  const left = new Map<string, number>();
  for (const entry of entries) {
    if (entry.reply !== null) replied.set(entry.hash, (replied.get(entry.hash) ?? new Set()).add(entry));
    left.set(entry.lineage, (left.get(entry.lineage) ?? 0) + 1);
  }
  let divergences = 0;

  function use(entry: JournalEntry): JournalEntry {
    byKey.delete(keyText(entry));
    replied.get(entry.hash)?.delete(entry);
    left.set(entry.lineage, (left.get(entry.lineage) ?? 0) - 1);
    return entry;
  }

  return {
    take(key) {
      const entry = byKey.get(keyText(key));
      return entry ? use(entry) : null;
    },
    hasOther: (key) => (replied.get(key.hash)?.size ?? 0) > 0,
    takeOther(key) {
      const [entry] = replied.get(key.hash) ?? [];
      if (!entry) return null;
      divergences += 1;
      return use(entry);
    },
    leave({ lineage }) {
      if ((left.get(lineage) ?? 0) > 0) divergences += 1;
      left.delete(lineage);
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
