/** What a watch says of its attempt to whoever counts (workers/metrics/): nothing of it decides anything. */
import { stat } from 'node:fs/promises';
import type { AttemptOutcome, FailureClass, TrainingStep } from '../../workflows/training/contract.ts';
import type { AttemptView } from './attempt-view.ts';
import { attemptLayout } from './layout.ts';
import type { TrainingPorts } from './ports.ts';

export interface WatchedAttempt {
  /** training/NAME. */
  readonly run: string;
  readonly workflowId: string;
  readonly recipe: string;
  readonly epoch: number;
}

export interface Detection {
  /** `exit`: since the shim's record of the end; `hang`: since the last sign of progress. */
  readonly kind: 'exit' | 'hang';
  readonly seconds: number;
}

export interface AttemptObserver {
  launched(recipe: string): void;
  launchFailed(recipe: string): void;
  /** About twice a second. */
  seen(attempt: WatchedAttempt, view: AttemptView, step: TrainingStep): void;
  /** This watch is over; another one may follow, here or elsewhere. */
  left(attempt: WatchedAttempt): void;
  ended(recipe: string, end: FailureClass, detection: Detection | undefined): void;
}

/** Ends that the supervisor itself brought about: nothing had to be noticed. */
const ownEnds: ReadonlySet<FailureClass> = new Set(['stopped', 'cancelled', 'superseded', 'nan', 'config']);

export async function detectionOf(
  { root }: Pick<TrainingPorts, 'root'>,
  { run, epoch }: Pick<WatchedAttempt, 'run' | 'epoch'>,
  { class: end }: AttemptOutcome,
  lastSeen: AttemptView,
): Promise<Detection | undefined> {
  if (end === 'hang')
    return { kind: 'hang', seconds: Math.max(0, ...lastSeen.ranks.map(({ quietS }) => quietS)) };
  if (ownEnds.has(end)) return undefined;
  const record = await stat(attemptLayout(root, run, epoch).exit).catch(() => undefined);
  return record && { kind: 'exit', seconds: Math.max(0, (Date.now() - record.mtimeMs) / 1_000) };
}
