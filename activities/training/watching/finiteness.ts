/**
 * Whether the numbers of a training are still sound: a fold over `log` events of rank 0 and of whoever tells more. A step is
 * bad when loss or gradient norm are not finite, when the trainer says so, or when a loss of exactly 0 comes without a
 * gradient norm (so does a library's filter show a NaN). What an fp16 scaler leaves out is counted apart and is not bad.
 */
import { z } from 'zod';
import type { TrainerEvent } from './event.ts';

export const finitenessSchema = z.object({
  /** Checkpoints from `step` on are not to be trusted: the log before was sound, or there was none. */
  bad: z.object({ step: z.number().int(), told: z.number().int(), what: z.string() }).nullable(),
  /** The last step whose log was sound. */
  soundStep: z.number().int(),
  scalerSkips: z.number().int(),
  /** Logs in a row whose gradient norm alone was not finite, in fp16. */
  skippedInRow: z.number().int(),
  normTold: z.boolean(),
  loss: z.number().nullable(),
});
export type Finiteness = z.infer<typeof finitenessSchema>;

export const soundSoFar: Finiteness = {
  ...{ bad: null, soundStep: 0, scalerSkips: 0, skippedInRow: 0, normTold: false, loss: null },
};

/** A scaler that finds no scale in this many logs will not find one: the gradients are broken. */
const hopelessSkips = 20;

export function foldFiniteness(
  seen: Finiteness,
  event: TrainerEvent,
  { rank, fp16 }: { readonly rank: number; readonly fp16: boolean },
): Finiteness {
  // What an attempt begins from was verified.
  if (event.ev === 'hello') return { ...seen, soundStep: Math.max(seen.soundStep, event.step) };
  if (event.ev !== 'log' && event.ev !== 'step') return seen;
  const scalerSkips = Math.max(seen.scalerSkips, event.scalerSkips ?? 0);
  const next = scalerSkips === seen.scalerSkips ? seen : { ...seen, scalerSkips };
  if (event.ev === 'step' || seen.bad) return next;
  const { loss, gradNorm } = event;
  const normBroken = typeof gradNorm === 'number' && !Number.isFinite(gradNorm);
  const lossBroken = typeof loss === 'number' && !Number.isFinite(loss);
  const mayBeSkipped = fp16 || (event.nonfinite === false && scalerSkips > 0);
  if (!event.nonfinite && !lossBroken && normBroken && mayBeSkipped) {
    const skippedInRow = next.skippedInRow + 1;
    if (skippedInRow < hopelessSkips) return { ...next, skippedInRow, loss: loss ?? next.loss };
  }
  const what = faultOf(seen, event, lossBroken, normBroken);
  if (what)
    return {
      ...next,
      bad: { step: Math.min(seen.soundStep + 1, event.step), told: event.step, what },
    };
  return {
    ...next,
    soundStep: rank === 0 ? event.step : next.soundStep,
    skippedInRow: 0,
    normTold: next.normTold || typeof gradNorm === 'number',
    loss: loss ?? next.loss,
  };
}

function faultOf(
  seen: Finiteness,
  { loss, gradNorm, nonfinite }: TrainerEvent,
  lossBroken: boolean,
  normBroken: boolean,
): string | undefined {
  if (lossBroken) return `loss ${loss}`;
  if (normBroken) return `gradient norm ${gradNorm}`;
  if (nonfinite) return 'not finite, says the trainer';
  const filtered = loss === 0 && typeof gradNorm !== 'number';
  // A trainer that never tells gradient norms may come to a loss of 0 slowly; a filter jumps there.
  const slowly = !seen.normTold && seen.loss !== null && Math.abs(seen.loss) < 0.1;
  return filtered && !slowly ? 'a loss of exactly 0 without a gradient norm' : undefined;
}
