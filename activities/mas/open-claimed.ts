/**
 * Opens the sandbox for a claimed execution, the same in both modes: with the guest it began with. Where that cannot be had,
 * it goes on with this worker's, which is recorded, and counted when there are calls to replay.
 */
import { failure } from '../failure.ts';
import type { ProgramStart, Sandbox, Session } from '../sandbox/sandbox.ts';
import type { Claim, Executions } from './executions.ts';
import type { JournalEntry } from './journal.ts';
import { sandboxLimits } from './program-host.ts';

export interface OpenClaimedOptions {
  readonly sandbox: Sandbox;
  readonly executions: Executions;
  readonly claim: Claim;
  readonly known: readonly JournalEntry[];
  readonly start: Omit<ProgramStart, 'guest' | 'startedAtMs'>;
  /** Executions whose process was killed from outside in this worker, and how often. */
  readonly killed: Map<string, number>;
  readonly signal: AbortSignal;
}

export interface OpenedClaim {
  /** A process killed from outside breaks it at first; when that happens again and again the program is to blame. */
  readonly session: Session;
  /** Of the execution, with the one just made. */
  readonly guestChanges: number;
}

export async function openClaimed(options: OpenClaimedOptions): Promise<OpenedClaim> {
  const { sandbox, executions, claim, known, start, signal } = options;
  const { guest, clockMs, guestChanges } = claim;
  const given = { ...start, limits: sandboxLimits(start.limits), startedAtMs: clockMs, guest };
  const opened = await sandbox.open(given, signal);
  const session = { ...opened, events: withMoreChances(opened.events, claim.execution, options.killed) };
  if (opened.guest === guest) return { session, guestChanges };
  const counted = known.length > 0;
  try {
    await executions.changeGuest(claim, opened.guest, counted);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
  return { session, guestChanges: guestChanges + (counted ? 1 : 0) };
}

const maxKilled = 3;

/** When memory runs out, the kernel kills programs that may have taken little. Running one again costs no call. */
async function* withMoreChances(
  events: Session['events'],
  execution: string,
  killed: Map<string, number>,
): Session['events'] {
  for await (const event of events) {
    if (event.type === 'end') {
      const times = event.resources.killed ? (killed.get(execution) ?? 0) + 1 : 0;
      killed.set(execution, times);
      if (times > 0 && times < maxKilled)
        throw failure('Sandbox.Unavailable', 'a program was killed from outside: it is run again');
      killed.delete(execution);
    }
    yield event;
  }
}
