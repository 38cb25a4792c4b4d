/**
 * From what was observed of an attempt's end to its class (training-supervision.md section 4). Pure; what follows from
 * a class is decided in workflows/training/reaction.ts. Evidence holds counts and names, never text of the trainer.
 */
import type { AttemptOutcome, FailureClass } from '../../workflows/training/contract.ts';
import type { AttemptView } from './attempt-view.ts';

/** The shim's record of the end; absent when the shim itself was killed. */
export interface AttemptExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly oomKills: number;
  /** Why the shim stopped the trainer, or what went wrong in starting it. */
  readonly reason: string | null;
}

/** `fence`: a newer attempt was about to start. */
export type StopReason = 'operator' | 'hang' | 'fence';

export interface Observation {
  readonly view: AttemptView;
  readonly exit: AttemptExit | null;
  /** The supervisor's own stop. */
  readonly stopping: StopReason | null;
  readonly artefactWhole: boolean;
}

export function classify(
  seen: Observation,
): Pick<AttemptOutcome, 'class' | 'cause' | 'beforeFirstStep' | 'evidence' | 'rank'> {
  const kind = classOf(seen);
  const cause = `${kind}/${seen.view.error?.type ?? seen.view.phase}`;
  return {
    ...{ class: kind, cause, beforeFirstStep: seen.view.ownSteps === 0, evidence: evidenceOf(seen) },
    rank: seen.view.error ? 0 : null,
  };
}

function classOf({ view, exit, stopping, artefactWhole }: Observation): FailureClass {
  if (exit?.reason === 'fenced' || stopping === 'fence') return 'superseded';
  const completed = exit?.code === 0 && view.end === 'completed' && view.step === view.maxSteps;
  // A run that finished before the stop reached it did finish.
  if (completed && artefactWhole) return 'completed';
  if (stopping === 'operator') return 'stopped';
  if (stopping === 'hang') return 'hang';
  if (exit?.reason?.startsWith('launchFailed')) return 'launchFailed';
  if (view.nonfinite) return 'nan';
  if (view.error) return classOfError(view.error);
  if (exit === null) return 'killed';
  if (exit.code === 0) return 'earlyCleanExit';
  if (exit.signal === 'SIGKILL') return exit.oomKills > 0 ? 'hostOom' : 'killed';
  if (exit.signal !== null && nativeSignals.has(exit.signal)) return 'crashNative';
  // 143 without a reason of ours is the word of a scheduler or a shutting-down machine.
  if (exit.signal === 'SIGTERM' || exit.code === 143) return 'preempted';
  return 'unknown';
}

const nativeSignals = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE']);
const dataErrors = new Set(['DataError', 'JSONDecodeError', 'UnicodeDecodeError']);
const codeErrors = new Set([
  'ImportError',
  'ModuleNotFoundError',
  'AttributeError',
  'NameError',
  'SyntaxError',
  'RuntimeError',
]);

function classOfError(error: { readonly type: string; readonly message: string }): FailureClass {
  if (error.type === 'NonFiniteLoss') return 'nan';
  if (error.type === 'OutOfMemoryError') return 'cudaOom';
  if (/No space left on device|ENOSPC|Errno 28/.test(error.message)) return 'diskFull';
  if (error.type === 'MemoryError') return 'hostOom';
  if (dataErrors.has(error.type)) return 'data';
  return codeErrors.has(error.type) ? 'code' : 'config';
}

function evidenceOf({ view, exit, stopping }: Observation): string {
  const parts = [`step ${view.step} of ${view.maxSteps}`, `phase ${view.phase}`];
  if (exit === null) parts.push('no exit record: the shim was killed');
  else if (exit.signal !== null) parts.push(`signal ${exit.signal}`);
  else parts.push(`exit code ${exit.code}`);
  if (exit?.oomKills) parts.push(`${exit.oomKills} out-of-memory kills`);
  if (view.error) parts.push(`${view.error.type} in ${view.error.phase}`);
  if (view.end) parts.push(`said ${view.end}`);
  if (stopping) parts.push(`stopped by the supervisor: ${stopping}`);
  return parts.join(', ');
}
