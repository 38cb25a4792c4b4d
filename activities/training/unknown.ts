/**
 * Unknown is not dead: it is waited out, and people are told. An activity that cannot say whether an attempt lives is retried for as
 * long as it takes; once that has lasted the host's time of silence, it tells its workflow, which shows it and lets an operator decide.
 */
import { Context } from '@temporalio/activity';
import { hostUnknownSignal, type LaunchResult } from '../../workflows/training/contract.ts';
import { isFailure } from '../failure.ts';

/** The longest time between two tries (workflows/training/attempt.ts `hostActivities`). */
const betweenTriesS = 5;
/** Tries of the shorter times before it. */
const firstTries = 4;
/** A signal may be lost. */
const tellEvery = 12;

export async function tellingUnknown<T>(epoch: number, silentS: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (isFailure(thrown, 'Training.HostUnknown')) await tell(epoch, silentS, thrown.message);
    throw thrown;
  }
}

async function tell(epoch: number, silentS: number, why: string): Promise<void> {
  const { info, client } = Context.current();
  const since = info.attempt - firstTries - Math.ceil(silentS / betweenTriesS);
  if (since < 0 || since % tellEvery !== 0 || !info.workflowExecution) return;
  const { workflowId, runId } = info.workflowExecution;
  await client.workflow
    .getHandle(workflowId, runId)
    .signal(hostUnknownSignal, { epoch, why: why.slice(0, 500) })
    .catch(() => {});
}

/** A launch that nobody can make for so long comes back, so that its run may be paused, ended, or told that an older attempt is lost. */
export async function givingUpStuck(
  silentS: number,
  launch: () => Promise<LaunchResult>,
): Promise<LaunchResult> {
  try {
    return await launch();
  } catch (thrown) {
    const { scheduledTimestampMs } = Context.current().info;
    const reason = reasonToWait(thrown);
    if (reason === undefined || Date.now() - scheduledTimestampMs < 1_000 * silentS) throw thrown;
    return { kind: 'stuck', reason: reason.slice(0, 500), of: attemptOf(thrown) };
  }
}

/** A host out of reach, or a disk that cannot be read or written: neither is the run's own fault, and both may pass. */
function reasonToWait(thrown: unknown): string | undefined {
  if (isFailure(thrown, 'Training.HostUnknown') || isFailure(thrown, 'Storage.Unavailable'))
    return `${thrown.type}: ${thrown.message}`;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  return thrown instanceof Error && code !== undefined && syscall !== undefined ? thrown.message : undefined;
}

function attemptOf(thrown: unknown): { readonly epoch: number; readonly host: string } | null {
  if (!isFailure(thrown)) return null;
  const [of = null] = (thrown.details ?? []) as { readonly epoch: number; readonly host: string }[];
  return of;
}
