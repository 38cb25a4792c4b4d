/**
 * What follows from the class of an attempt's end (training-supervision.md section 4). Pure. Budgets: three failures of
 * one cause without an advance of the verified step, fewer for some classes; what was not the run's own failure counts never.
 */
import { type AttemptOutcome, type FailureClass, type Reaction, supersededByOwnLaunch } from './outcome.ts';

export { causeOfLaunchFailure } from './launch-failure.ts';
export type { Reaction } from './outcome.ts';

/** One failed attempt that counts. */
export interface FailureRecord {
  readonly class: FailureClass;
  readonly cause: string;
  readonly step: number;
  /** The newest verified step at that time; 0 = none. */
  readonly verifiedStep: number;
}

/** Bounds the workflow's state. */
const keptRecords = 32;

const perCause = 3;

/** Failures of one cause, without advance, at which a person decides; the others have `perCause`. */
const budgets: Partial<Record<FailureClass, number>> = {
  crashNative: 2,
  diskFull: 2,
  config: 2,
  code: 2,
  data: 2,
};

/** Twice at one step: the step itself is at fault, however far it got before. */
const sameStepTwice = new Set<FailureClass>(['nan', 'hang', 'collectiveTimeout']);
const uncounted = new Set<FailureClass>([
  'completed',
  'preempted',
  'walltime',
  'nodeLost',
  'supervisorLost',
  'straggler',
  'diverged',
  'superseded',
  'stopped',
  'cancelled',
]);
const ownFault = new Set<FailureClass>(['config', 'code', 'data']);

/** Earlier records with this outcome's own, newest last. */
export function recordFailure(
  earlier: readonly FailureRecord[],
  outcome: AttemptOutcome,
): readonly FailureRecord[] {
  if (uncounted.has(outcome.class)) return earlier;
  const { class: kind, cause, step } = outcome;
  return [...earlier, { class: kind, cause, step, verifiedStep: verifiedOf(outcome) }].slice(-keptRecords);
}

/** `failures` includes this outcome. */
export function react(outcome: AttemptOutcome, failures: readonly FailureRecord[]): Reaction {
  const settled = settle(outcome);
  if (settled) return settled;
  const same = failures.filter(({ cause }) => cause === outcome.cause);
  // An advance of the verified step resets the budget.
  const count = same.filter(({ verifiedStep }) => verifiedStep >= verifiedOf(outcome)).length;
  const atStep = same.filter(({ step }) => step === outcome.step).length;
  const afterMs = backOffMs(uncounted.has(outcome.class) ? 1 : count);
  const special = reactByClass(outcome, { atStep, count, afterMs });
  if (special) return special;
  if (sameStepTwice.has(outcome.class) && atStep >= 2)
    return { do: 'park', why: `${atStep} times at step ${outcome.step}` };
  if (count >= (budgets[outcome.class] ?? perCause))
    return { do: 'park', why: `${count} times without advance` };
  return changeOf(outcome, afterMs);
}

/** What is decided by the class alone, or by its first sight. */
function settle(outcome: AttemptOutcome): Reaction | undefined {
  switch (outcome.class) {
    case 'completed':
      return { do: 'succeed' };
    case 'superseded':
      if (outcome.cause === supersededByOwnLaunch) return { do: 'resume', afterMs: 1_000 };
      return { do: 'giveWay' };
    case 'cancelled':
      return { do: 'giveWay' };
    case 'stopped':
      return { do: 'park', why: 'stopped' };
    case 'supervisorLost':
    case 'straggler':
    case 'diverged':
      return { do: 'notify' };
    default:
      break;
  }
  // Not seen, or still running: no observation, no action.
  if (outcome.cause === 'unknown/unobserved' || outcome.cause === 'unknown/running') return { do: 'notify' };
  if (ownFault.has(outcome.class) && outcome.beforeFirstStep)
    return { do: 'park', why: 'it failed before its first step' };
  return parkedCauses[outcome.cause] ? { do: 'park', why: parkedCauses[outcome.cause] as string } : undefined;
}

const parkedCauses: Readonly<Record<string, string>> = {
  'launchFailed/refused': 'a retry would be refused again',
  'checkpointCorrupt/none': 'no whole checkpoint is left',
  'diskFull/beforeSave': 'there is no room for the next checkpoint, and nothing more may be deleted',
};

function reactByClass(
  outcome: AttemptOutcome,
  { atStep, count, afterMs }: { readonly atStep: number; readonly count: number; readonly afterMs: number },
): Reaction | undefined {
  switch (outcome.class) {
    case 'hostOom':
      return verifiedOf(outcome) > (outcome.resumeStep ?? 0)
        ? { do: 'resume', afterMs }
        : { do: 'park', why: 'out of host memory without advance' };
    case 'cudaOom': {
      if (atStep < 2 && count < perCause) return { do: 'resume', afterMs };
      const smaller = outcome.suggestion;
      return smaller
        ? { do: 'resumeWith', afterMs, change: { kind: 'smallerBatch', ...smaller } }
        : { do: 'park', why: 'out of GPU memory, and the micro-batch cannot be made smaller' };
    }
    case 'gpuHardware': {
      const { exclude } = outcome;
      if (!exclude || exclude.left === 0)
        return { do: 'park', why: 'a GPU is broken and no other one is left' };
      if (count >= perCause) return { do: 'park', why: `${count} times the same broken GPU` };
      return {
        ...{ do: 'resumeWith', afterMs },
        change: { kind: 'exclude', gpu: exclude.gpu, host: exclude.host },
      };
    }
    default:
      return undefined;
  }
}

function changeOf(outcome: AttemptOutcome, afterMs: number): Reaction {
  switch (outcome.class) {
    case 'nan': {
      const quarantineFrom = outcome.firstBadStep ?? outcome.step;
      const reason = `not finite from step ${quarantineFrom} on`;
      return { do: 'resumeWith', afterMs, change: { kind: 'rollBack', quarantineFrom, reason } };
    }
    case 'checkpointCorrupt': {
      const quarantineFrom = outcome.resumeStep;
      if (quarantineFrom === null) return { do: 'resume', afterMs };
      const reason = 'the trainer could not load it';
      return { do: 'resumeWith', afterMs, change: { kind: 'rollBack', quarantineFrom, reason } };
    }
    case 'diskFull':
      return { do: 'resumeWith', afterMs, change: { kind: 'prune' } };
    default:
      return { do: 'resume', afterMs };
  }
}

/** 1 s, doubled per failure of the cause, at most 1 min. */
function backOffMs(count: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(16, Math.max(0, count - 1)));
}

function verifiedOf(outcome: AttemptOutcome): number {
  return outcome.checkpoints.at(-1) ?? 0;
}
