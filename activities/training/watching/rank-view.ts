/** What one rank has told so far: a fold over its events, small enough for a heartbeat of 64 ranks. */
import { z } from 'zod';
import type { TrainerEvent } from './event.ts';
import { filePositionSchema, fileStart } from './event-file.ts';

export const rankViewSchema = z.object({
  rank: z.number().int(),
  file: filePositionSchema,
  phase: z.string(),
  step: z.number().int(),
  /** Steps that this attempt itself made. */
  ownSteps: z.number().int(),
  pid: z.number().int().nullable(),
  end: z.string().nullable(),
  /** Smoothed seconds per step: a rank's own work where it is told, else the whole step. */
  stepS: z.number().nullable(),
  /** Smoothed; null where steps tell no tokens. */
  tokensPerS: z.number().nullable(),
  /** Seconds without progress, and without a beat, as the last watch saw them. */
  quietS: z.number(),
  beatAgeS: z.number(),
  /** Age of the loop at the last beat, seconds; null = never beat. */
  loopAgeS: z.number().nullable(),
  /** Of its GPU, as the last beat told; null = none told. */
  gpuBytes: z.number().nullable().default(null),
});
export type RankView = z.infer<typeof rankViewSchema>;

export function unseenRank(rank: number): RankView {
  return {
    ...{ rank, file: fileStart, phase: 'start', step: 0, ownSteps: 0 },
    ...{
      pid: null,
      end: null,
      stepS: null,
      tokensPerS: null,
      quietS: 0,
      beatAgeS: 0,
      loopAgeS: null,
      gpuBytes: null,
    },
  };
}

export function foldRank(view: RankView, event: TrainerEvent): RankView {
  const next = { ...view, phase: event.phase, step: event.step };
  switch (event.ev) {
    case 'hello':
      return { ...next, pid: event.pid ?? null };
    case 'step':
      return {
        ...next,
        ownSteps: view.ownSteps + 1,
        stepS: smooth(view, view.stepS, event.computeS ?? event.stepS),
        tokensPerS: smooth(view, view.tokensPerS, rateOf(event)),
      };
    case 'beat':
      return {
        ...next,
        loopAgeS: event.loopAgeS ?? view.loopAgeS,
        gpuBytes: event.gpuBytes ?? view.gpuBytes,
      };
    case 'end':
      return { ...next, end: event.reason ?? 'unknown' };
    default:
      return next;
  }
}

/** The first steps are left out: they compile, warm up and allocate. */
export const warmUpSteps = 5;

function smooth(view: RankView, before: number | null, sample: number | undefined): number | null {
  if (sample === undefined || view.ownSteps < warmUpSteps) return before;
  const mixed = before === null ? sample : before * 0.9 + sample * 0.1;
  return Math.round(mixed * 1e5) / 1e5;
}

function rateOf({ tokens, stepS }: TrainerEvent): number | undefined {
  return tokens !== undefined && stepS !== undefined && stepS > 0 ? tokens / stepS : undefined;
}
