/** What the events of all ranks say about an attempt so far: a fold that fits into a heartbeat, so that a new watch goes on from it. */
import { z } from 'zod';
import type { Notice } from '../../workflows/training/contract.ts';
import { isCascade } from './classifying/error-class.ts';
import type { TrainerEvent } from './watching/event.ts';
import { finitenessSchema, foldFiniteness, soundSoFar } from './watching/finiteness.ts';
import {
  addNotice,
  divergedNotice,
  foldTrend,
  lossTrendSchema,
  noTrend,
  stragglerNotice,
} from './watching/notices.ts';
import { foldRank, type RankView, rankViewSchema, unseenRank } from './watching/rank-view.ts';

const toldErrorSchema = z.object({
  rank: z.number().int(),
  type: z.string(),
  message: z.string(),
  phase: z.string(),
  step: z.number().int(),
  /** Of a thread that is not the main one. */
  thread: z.string().optional(),
});
export type ToldError = z.infer<typeof toldErrorSchema>;

/** A checkpoint that some ranks have told. */
const savingSchema = z.object({
  step: z.number().int(),
  directory: z.string(),
  /** Ranks that told it. */
  ranks: z.array(z.number().int()),
  /** The first part that was named; the others stand beside it. */
  part: z.string().nullable(),
  bytes: z.number(),
  metrics: z.record(z.string(), z.number()),
});
export type Saving = z.infer<typeof savingSchema>;

export const attemptViewSchema = z.object({
  v: z.literal(2),
  ranks: z.array(rankViewSchema).max(1_024),
  /** Of the first `hello`; null = none yet. */
  worldSize: z.number().int().nullable(),
  strategy: z.object({ kind: z.string(), precision: z.string().optional() }).nullable(),
  versions: z.record(z.string(), z.string()),
  maxSteps: z.number().int(),
  /** Not yet registered, oldest first. */
  saving: z.array(savingSchema),
  /** Of the last `log` and `eval`. */
  metrics: z.record(z.string(), z.number()),
  /** The latest, rank 0's. */
  losses: z.array(z.tuple([z.number().int(), z.number()])),
  /** Bytes of the last checkpoint as its ranks told them; 0 = none yet. */
  savedBytes: z.number(),
  /** The earliest one of any rank that does not follow from another rank's end. */
  error: toldErrorSchema.nullable(),
  finiteness: finitenessSchema,
  trend: lossTrendSchema,
  notices: z.array(
    z.object({
      kind: z.enum(['straggler', 'diverged', 'slow', 'supervisorLost', 'lowDisk']),
      step: z.number().int(),
      text: z.string(),
    }),
  ),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

export const unseenAttempt: AttemptView = {
  ...{ v: 2, ranks: [unseenRank(0)], worldSize: null, strategy: null, versions: {}, maxSteps: 0 },
  ...{
    saving: [],
    metrics: {},
    losses: [],
    savedBytes: 0,
    error: null,
    finiteness: soundSoFar,
    trend: noTrend,
    notices: [],
  },
};

/** Rank 0 speaks for the attempt: step, phase, end. */
export function leadOf(view: AttemptView): RankView {
  return view.ranks.find(({ rank }) => rank === 0) ?? unseenRank(0);
}

/** Events of one rank, in their order. */
export function foldEvents(view: AttemptView, rank: RankView, events: readonly TrainerEvent[]): AttemptView {
  let next: AttemptView = view;
  let mine = rank;
  for (const event of events) {
    mine = foldRank(mine, event);
    next = foldShared(next, mine.rank, event);
  }
  const ranks = [...next.ranks.filter((other) => other.rank !== mine.rank), mine].toSorted(
    (a, b) => a.rank - b.rank,
  );
  const notice = ranks.length > 1 ? stragglerNotice(ranks) : undefined;
  return { ...next, ranks, notices: [...addNotice(next.notices, notice)] };
}

function foldShared(view: AttemptView, rank: number, event: TrainerEvent): AttemptView {
  switch (event.ev) {
    case 'hello':
      return {
        ...view,
        worldSize: view.worldSize ?? event.worldSize ?? 1,
        strategy: view.strategy ?? strategyOf(event),
        versions: event.versions ?? view.versions,
        maxSteps: event.maxSteps ?? view.maxSteps,
        finiteness: foldFiniteness(view.finiteness, event, { rank, fp16: false }),
      };
    case 'log':
    case 'step':
      return foldNumbers(view, rank, event);
    case 'eval':
      return { ...view, metrics: mixed(view.metrics, event) };
    case 'save':
      return foldSave(view, rank, event);
    case 'error':
      return foldError(view, rank, event);
    default:
      return view;
  }
}

export function addingNotice(view: AttemptView, notice: Notice): AttemptView {
  const notices = addNotice(view.notices, notice);
  return notices === view.notices ? view : { ...view, notices: [...notices] };
}

function strategyOf({ strategy }: TrainerEvent): AttemptView['strategy'] {
  if (!strategy) return null;
  return { kind: strategy.kind, ...(strategy.precision ? { precision: strategy.precision } : {}) };
}

function foldNumbers(view: AttemptView, rank: number, event: TrainerEvent): AttemptView {
  const finiteness = foldFiniteness(view.finiteness, event, {
    rank,
    fp16: view.strategy?.precision === 'fp16',
  });
  const next = finiteness === view.finiteness ? view : { ...view, finiteness };
  const { loss } = event;
  if (event.ev !== 'log' || rank !== 0 || typeof loss !== 'number' || finiteness.bad) return next;
  const trend = foldTrend(view.trend, loss);
  const losses = [...view.losses, [event.step, loss] as [number, number]].slice(-keptLosses);
  const metrics = mixed(view.metrics, event);
  return {
    ...next,
    trend,
    losses,
    metrics,
    notices: [...addNotice(view.notices, divergedNotice(trend, event.step))],
  };
}

const keptLosses = 16;
const keptMetrics = 32;

function mixed(before: AttemptView['metrics'], { metrics = {} }: TrainerEvent): AttemptView['metrics'] {
  return Object.fromEntries(Object.entries({ ...before, ...metrics }).slice(0, keptMetrics));
}

const keptSaves = 4;
const maxPathChars = 1_024;

function foldSave(view: AttemptView, rank: number, event: TrainerEvent): AttemptView {
  if (event.dir === undefined || Math.max(event.dir.length, event.part?.length ?? 0) > maxPathChars)
    return view;
  const known = view.saving.find(({ step }) => step === event.step);
  const before = known ?? { step: event.step, directory: event.dir, ranks: [], part: null, bytes: 0 };
  const saving = {
    ...before,
    // Rank 0 names the directory where ranks disagree.
    directory: rank === 0 ? event.dir : before.directory,
    ranks: adding(before.ranks, rank),
    part: before.part ?? event.part ?? null,
    bytes: before.bytes + (event.bytes ?? 0),
    metrics: view.metrics,
  };
  const others = view.saving.filter((other) => other !== known);
  const savedBytes = known ? Math.max(view.savedBytes, saving.bytes) : saving.bytes;
  return { ...view, savedBytes, saving: [...others, saving].slice(-keptSaves) };
}

function adding(ranks: readonly number[], rank: number): number[] {
  return ranks.includes(rank) ? [...ranks] : [...ranks, rank];
}

/** Told in the order of reading; what only follows from another rank's end, or ended a thread alone, gives way. */
function foldError(view: AttemptView, rank: number, event: TrainerEvent): AttemptView {
  const { phase, step, thread } = event;
  const told = { rank, type: event.type ?? 'Error', message: event.message ?? '', phase, step };
  const error: ToldError = thread === undefined ? told : { ...told, thread };
  return view.error && weightOf(view.error) >= weightOf(error) ? view : { ...view, error };
}

function weightOf(error: ToldError): number {
  if (isCascade(error)) return 0;
  return error.thread === undefined ? 2 : 1;
}
