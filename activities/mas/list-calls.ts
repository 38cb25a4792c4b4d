/** The answered host calls of a run, as people want to follow them: who spoke, what it cost, how long it took. */
import type { Database } from '../storage/tables.ts';
import { createJournal } from './journal.ts';
import { createSummaries } from './summary.ts';

export interface CallLine {
  /** "agent 2: You are a careful critic". */
  readonly summary: string;
  readonly ok: boolean;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
  readonly durationMs: number;
}

/** Each call returns the calls that were answered since the last one, in order of their answers. */
export function followCalls(database: Database, run: string): () => Promise<CallLine[]> {
  const journal = createJournal(database);
  const seen = new Set<string>();
  return async () => {
    const lines: { readonly endedAtMs: number; readonly line: CallLine }[] = [];
    for (const { key } of await executionsOf(database, run)) {
      const entries = await journal.load(key);
      const summarize = createSummaries(entries);
      for (const entry of entries) {
        const id = `${key}/${entry.seq}`;
        if (entry.reply === null || entry.endedAtMs === null || seen.has(id)) continue;
        seen.add(id);
        const { tokensIn, tokensOut, costUsd, startedAtMs, endedAtMs } = entry;
        const cost = { tokensIn, tokensOut, costUsd, durationMs: endedAtMs - startedAtMs };
        lines.push({ endedAtMs, line: { ...summarize(entry), ok: entry.reply.ok, ...cost } });
      }
    }
    return lines.toSorted((a, b) => a.endedAtMs - b.endedAtMs).map(({ line }) => line);
  };
}

function executionsOf(database: Database, run: string): Promise<{ key: string }[]> {
  return database
    .selectFrom('executions')
    .select('key')
    .where('run', '=', run)
    .orderBy('started_at')
    .execute();
}
