/** What follows from the class of an attempt's end (training-supervision.md section 4). Pure. */
import type { AttemptOutcome, FailureClass } from './contract.ts';

export type Reaction =
  | { readonly do: 'succeed' }
  | { readonly do: 'resume'; readonly afterMs: number }
  | { readonly do: 'park'; readonly why: string }
  /** A newer epoch took over: this run has no say any more. */
  | { readonly do: 'giveWay' };

/** Failures in a row without an advance of the verified step, by cause. */
export interface FailureRecord {
  readonly class: FailureClass;
  readonly count: number;
  /** Where it failed, and the newest verified step at that time. */
  readonly step: number;
  readonly verifiedStep: number;
}

/** Attempts that may fail with one cause, without advance, before a person decides. Others are not counted. */
const budgets: Partial<Record<FailureClass, number>> = {
  earlyCleanExit: 3,
  killed: 3,
  unknown: 3,
  hostOom: 2,
  cudaOom: 2,
  crashNative: 2,
  nan: 2,
  hang: 2,
  config: 2,
  code: 2,
  data: 2,
  launchFailed: 2,
};

const uncounted = new Set<FailureClass>(['preempted']);
const parkedAtOnce = new Set<FailureClass>(['diskFull', 'checkpointCorrupt']);
const ownFault = new Set<FailureClass>(['config', 'code', 'data']);

export function recordFailure(
  earlier: readonly FailureRecord[],
  outcome: AttemptOutcome,
): readonly FailureRecord[] {
  const verifiedStep = outcome.checkpoints.at(-1) ?? 0;
  // An advance of the verified step resets the budgets; nothing is counted for what was not the run's own failure.
  const kept = earlier.filter((record) => record.verifiedStep >= verifiedStep);
  if (uncounted.has(outcome.class)) return kept;
  const same = kept.find((record) => record.class === outcome.class);
  const record = { class: outcome.class, count: (same?.count ?? 0) + 1, step: outcome.step, verifiedStep };
  return [...kept.filter((other) => other !== same), record];
}

/** `failures` includes this outcome. */
export function react(outcome: AttemptOutcome, failures: readonly FailureRecord[]): Reaction {
  const kind = outcome.class;
  if (kind === 'completed') return { do: 'succeed' };
  if (kind === 'superseded') return { do: 'giveWay' };
  if (kind === 'stopped') return { do: 'park', why: 'stopped' };
  if (parkedAtOnce.has(kind)) return { do: 'park', why: 'it would fail again' };
  if (ownFault.has(kind) && outcome.beforeFirstStep)
    return { do: 'park', why: 'it failed before its first step' };
  const count = failures.find((record) => record.class === kind)?.count ?? 0;
  const budget = budgets[kind];
  if (budget !== undefined && count >= budget) return { do: 'park', why: `${count} times without advance` };
  return { do: 'resume', afterMs: Math.min(60_000, 1000 * 2 ** Math.max(0, count - 1)) };
}
