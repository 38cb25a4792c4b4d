/** Signs of life by phase: when a phase is silent for longer than its limit, the trainer counts as hung. Pure but for the clock given. */
import type { TrainerEvent } from './events.ts';

export interface PhaseLimits {
  readonly start: number;
  readonly step: number;
  readonly save: number;
}

export interface Pulse {
  feel(event: TrainerEvent, now: number): void;
  /** The phase and its limit when the last sign of life is older than that. `now` in milliseconds. */
  overdue(phase: string, now: number): { readonly phase: string; readonly limitS: number } | undefined;
}

const limitOfPhase: Readonly<Record<string, keyof PhaseLimits>> = {
  train: 'step',
  save: 'save',
  finish: 'save',
};

/** A beat alone is no progress: the loop may hang while its thread beats. Steps and changes of phase count. */
export function createPulse(limits: PhaseLimits, now: number): Pulse {
  let last = now;
  return {
    feel(event, at) {
      if (event.ev !== 'beat') last = at;
    },
    overdue(phase, at) {
      const limitS = limits[limitOfPhase[phase] ?? 'start'];
      return at - last > limitS * 1000 ? { phase, limitS } : undefined;
    },
  };
}
