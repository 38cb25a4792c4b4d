/** What the events say about an attempt so far: a fold that fits into a heartbeat, so that a new watch goes on from it. */
import { z } from 'zod';
import type { TrainerEvent } from './events.ts';

export const attemptViewSchema = z.object({
  /** Bytes of the event file that are folded in. */
  offset: z.number().int(),
  phase: z.string(),
  step: z.number().int(),
  maxSteps: z.number().int(),
  /** Steps that this attempt itself made. */
  ownSteps: z.number().int(),
  loss: z.number().nullable(),
  nonfinite: z.boolean(),
  end: z.string().nullable(),
  error: z.object({ type: z.string(), message: z.string(), phase: z.string() }).nullable(),
  versions: z.record(z.string(), z.string()),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

export const unseenAttempt: AttemptView = {
  offset: 0,
  phase: 'start',
  step: 0,
  maxSteps: 0,
  ownSteps: 0,
  loss: null,
  nonfinite: false,
  end: null,
  error: null,
  versions: {},
};

export function foldEvent(view: AttemptView, event: TrainerEvent): AttemptView {
  const next = { ...view, phase: event.phase, step: event.step, maxSteps: event.maxSteps };
  switch (event.ev) {
    case 'hello':
      return { ...next, versions: event.versions ?? {} };
    case 'step':
      return { ...next, ownSteps: view.ownSteps + 1 };
    case 'log': {
      const broken = [event.loss, event.gradNorm].some(
        (value) => value !== undefined && !Number.isFinite(value),
      );
      if (broken || event.nonfinite) return { ...next, nonfinite: true };
      return { ...next, loss: event.loss ?? view.loss };
    }
    case 'error':
      // The earliest error is the cause; later ones follow from it.
      return view.error
        ? next
        : {
            ...next,
            error: {
              type: event.type ?? 'Error',
              message: (event.message ?? '').slice(0, 300),
              phase: event.phase,
            },
          };
    case 'end':
      return { ...next, end: event.reason ?? null };
    default:
      return next;
  }
}
