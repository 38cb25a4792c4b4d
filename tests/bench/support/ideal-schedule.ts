/**
 * The wall time of an execution under an ideal scheduler: the program runs again in virtual time. Whenever all its threads
 * wait, the call that is due next is answered from the journal; computing, storing and scheduling take no time at all.
 */
import type { JournalEntry } from '../../../activities/mas/journal.ts';
import { hostProgram, type OpenCall } from '../../../activities/mas/program-host.ts';
import type { ProgramStart, Sandbox } from '../../../activities/sandbox/sandbox.ts';
import type { Limits } from '../../../workflows/shared/program.ts';

export interface IdealOptions {
  readonly sandbox: Sandbox;
  readonly start: ProgramStart & { readonly limits: Limits };
  readonly journal: readonly JournalEntry[];
  readonly latencyMs: (entry: JournalEntry) => number;
}

/** Throws when the program makes a call that is not in the journal: then it is another call graph. */
export async function idealMs(options: IdealOptions): Promise<number> {
  const { sandbox, start } = options;
  const replies = new Map(options.journal.map((entry) => [keyOf(entry), entry]));
  const open: { readonly dueMs: number; readonly call: OpenCall }[] = [];
  let nowMs = 0;
  let wake = (): void => {};
  await using session = await sandbox.open(start, new AbortController().signal);
  const host = hostProgram({
    session,
    known: [],
    limits: start.limits,
    prices: { in: 0, cached: 0, out: 0 },
    onCall: (call) => void open.push({ call, dueMs: nowMs + options.latencyMs(call.entry) }),
    onChange: () => wake(),
  });
  let ended = false;
  const end = host.ended.finally(() => {
    ended = true;
    wake();
  });
  while (!ended) {
    if (host.idle && open.length > 0) {
      const next = open.reduce((first, other) => (other.dueMs < first.dueMs ? other : first));
      open.splice(open.indexOf(next), 1);
      const known = replies.get(keyOf(next.call.entry));
      if (!known?.reply) throw new Error(`the program made another call: ${keyOf(next.call.entry)}`);
      nowMs = next.dueMs;
      next.call.answer(known.reply, known);
    } else await new Promise<void>((resolve) => (wake = resolve));
  }
  const { outcome } = await end;
  if (outcome.status !== 'answered') throw new Error(outcome.message);
  return nowMs;
}

function keyOf({ lineage, hash, occurrence }: JournalEntry): string {
  return `${lineage} ${hash} ${occurrence}`;
}
