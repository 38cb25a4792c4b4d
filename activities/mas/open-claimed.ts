/**
 * Opens the sandbox for a claimed execution, the same in both modes: with the guest it began with. Where that cannot be had,
 * it goes on with this worker's, which is recorded, and counted when there are calls to replay.
 */
import { sandboxLimits } from './program-host.ts';
import type { ProgramStart, Sandbox, Session } from '../sandbox/sandbox.ts';
import type { Claim, Executions } from './executions.ts';
import type { JournalEntry } from './journal.ts';

export interface OpenClaimedOptions {
  readonly sandbox: Sandbox;
  readonly executions: Executions;
  readonly claim: Claim;
  readonly known: readonly JournalEntry[];
  readonly start: Omit<ProgramStart, 'guest' | 'startedAtMs'>;
  readonly signal: AbortSignal;
}

/** `guestChanges` of the execution, with this one. */
export async function openClaimed(
  options: OpenClaimedOptions,
): Promise<{ readonly session: Session; readonly guestChanges: number }> {
  const { sandbox, executions, claim, known, start, signal } = options;
  const { guest, clockMs } = claim;
  const session = await sandbox.open(
    { ...start, limits: sandboxLimits(start.limits), startedAtMs: clockMs, guest },
    signal,
  );
  if (session.guest === guest) return { session, guestChanges: claim.guestChanges };
  const counted = known.length > 0;
  try {
    await executions.changeGuest(claim, session.guest, counted);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return { session, guestChanges: claim.guestChanges + (counted ? 1 : 0) };
}
