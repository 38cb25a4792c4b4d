/** A run that waits for a person: told to people, shown with its choices, and at no cost for as long as it takes. */
import type { TrainingUpdate } from './contract.ts';
import type { Decision, Operator } from './operator.ts';
import type { AttemptOutcome } from './outcome.ts';
import { parkedOf } from './parked.ts';
import type { RunState, Tell } from './run-state.ts';
import type { RunView } from './run-view.ts';

/** Returns what was decided. */
export type Park = (outcome: AttemptOutcome, why: string) => Promise<Decision>;

const choices: readonly TrainingUpdate[] = ['resume', 'retryFromCheckpoint', 'changeConfig', 'abort'];

export function createParking(parts: {
  /** `training/NAME`, and NAME. */
  readonly run: string;
  readonly name: string;
  readonly state: RunState;
  readonly view: RunView;
  readonly operator: Operator;
  readonly tell: Tell;
}): Park {
  const { run, name, state, view, operator, tell } = parts;
  return async (outcome, why) => {
    const paused = operator.interruption() === 'pause';
    if (operator.interruption() !== 'abort') {
      const words = paused ? 'paused by an operator' : why;
      const cause = paused ? words : `${outcome.cause}: ${words}`;
      const parked = parkedOf({
        ...{ name, outcome, why: words, checkpoints: view.checkpoints() },
        ...{ accepts: choices.filter((update) => !state.refused.includes(update)), sinceMs: Date.now() },
      });
      const entered = { key: paused ? 'paused' : outcome.cause, cause, parked };
      if (paused) view.enter('paused', 'paused', entered);
      else {
        view.enter('needsOperator', 'waits for a decision', entered);
        await tell('parked', `${run} waits for a person: ${cause}`, cause);
      }
    }
    const decision = await operator.decide();
    operator.clearPause();
    return decision;
  };
}
