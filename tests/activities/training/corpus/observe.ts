/** Labelled cases of attempts: what was written by trainer, launcher, scheduler and kernel, and what it must be taken for. */
import { type AttemptView, foldEvents, unseenAttempt } from '../../../../activities/training/attempt-view.ts';
import type { AttemptExit, Observation } from '../../../../activities/training/classify.ts';
import { parseEventLine } from '../../../../activities/training/watching/event.ts';
import { unseenRank } from '../../../../activities/training/watching/rank-view.ts';
import type { FailureClass, Reaction } from '../../../../workflows/training/contract.ts';

export interface Case {
  readonly name: string;
  readonly class: FailureClass;
  /** The whole key. */
  readonly cause?: string;
  /** After the first such end. */
  readonly reaction: Reaction['do'];
  /** Stands in the evidence. */
  readonly evidence: string;
  /** Event lines by rank; `healthy()` when absent. */
  readonly events?: readonly (readonly string[])[];
  readonly exit?: AttemptExit | null;
  /** trainer.log. */
  readonly log?: string;
  readonly kernel?: readonly string[];
  readonly seen?: Partial<
    Pick<
      Observation,
      | 'attempt'
      | 'stopping'
      | 'scheduler'
      | 'artefactWhole'
      | 'resumeStep'
      | 'batch'
      | 'gpusLeft'
      | 'reattached'
    >
  >;
  /** Verified steps; [] when absent. */
  readonly checkpoints?: readonly number[];
  readonly firstBadStep?: number;
  readonly rank?: number;
}

export const exited = (code: number, reason: string | null = null): AttemptExit => ({
  ...{ code, signal: null, oomKills: 0, reason },
});
export const killedBy = (signal: string, oomKills = 0): AttemptExit => ({
  ...{ code: null, signal, oomKills, reason: null },
});

/** One line as the protocol writes it. */
export function line(ev: string, step: number, fields: object = {}): string {
  return JSON.stringify({
    ...{ v: 1, run: 'training/corpus', epoch: 1, rank: 0, ts: 1.7e9, ev, step, maxSteps: 40, phase: 'train' },
    ...fields,
  });
}

export const hello = (fields: object = {}): string =>
  line('hello', 0, { phase: 'import', host: 'h', pid: 4242, worldSize: 1, ...fields });

/** A start and `steps` steps with a log at each fifth. */
export function healthy(steps = 7, fields: object = {}): string[] {
  const lines = [line('phase', 0, { phase: 'import', edge: 'begin' }), hello(fields)];
  for (let step = 1; step <= steps; step += 1) {
    lines.push(line('step', step, { stepS: 0.5, samples: 8 }));
    if (step % 5 === 0)
      lines.push(line('log', step, { loss: 2 / step, gradNorm: 1.2, lr: 1e-3, nonfinite: false }));
  }
  return lines;
}

/** Started, and no step made. */
export const starting = (phase: string): string[] => [
  ...healthy(0),
  line('phase', 0, { phase, edge: 'begin' }),
];

export const finished = (reason = 'completed', step = 40): string[] => [
  ...healthy(step),
  line('end', step, { phase: 'finish', reason }),
];

export const failed = (type: string, message: string, phase = 'train', step = 7): string =>
  line('error', step, { type, message, phase, traceback: 'Traceback …' });

export function viewOf(ranks: readonly (readonly string[])[]): AttemptView {
  return ranks.reduce<AttemptView>((view, lines, rank) => {
    const events = lines.flatMap((text, seq) => {
      const parsed = parseEventLine(JSON.stringify({ ...(JSON.parse(text) as object), seq, rank }), 1);
      return parsed.kind === 'event' ? [parsed.event] : [];
    });
    return foldEvents(view, unseenRank(rank), events);
  }, unseenAttempt);
}

export function observationOf(given: Case): Observation {
  return {
    ...{ attempt: 'ended', view: viewOf(given.events ?? [healthy()]), exit: given.exit ?? null },
    ...{ stopping: null, scheduler: null, logTail: given.log ?? '', kernel: given.kernel ?? [] },
    ...{ artefactWhole: false, maxSteps: 40, resumeStep: null, batch: null, host: 'node1' },
    ...{ gpusLeft: null, reattached: false },
    ...given.seen,
  };
}
