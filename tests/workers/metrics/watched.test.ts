/** Gauges of watched attempts: memory over ranks, a pace of its own per attempt, no series that outlives its watch. */
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type AttemptView, unseenAttempt } from '../../../activities/training/attempt-view.ts';
import { detectionOf, type WatchedAttempt } from '../../../activities/training/observer.ts';
import { foldRank, unseenRank } from '../../../activities/training/watching/rank-view.ts';
import { parseEventLine } from '../../../activities/training/watching/event.ts';
import {
  registerTrainingAttempts,
  type TrainingAttemptMetrics,
} from '../../../workers/metrics/training-attempts.ts';
import type { AttemptOutcome, TrainingStep } from '../../../workflows/training/contract.ts';
import { type FreshDatabase, freshDatabase } from '../../support/environment.ts';

let fresh: FreshDatabase;
let registry: Registry;
let metrics: TrainingAttemptMetrics;

beforeAll(async () => {
  fresh = await freshDatabase();
});
beforeEach(() => {
  registry = new Registry();
  metrics = registerTrainingAttempts(registry, fresh.database);
});
afterAll(() => fresh[Symbol.asyncDispose]());

const attempt = (epoch: number, run = 'training/watched'): WatchedAttempt => ({
  ...{ run, epoch, workflowId: 'w', recipe: 'r' },
});
const at = (step: number, more: Partial<TrainingStep> = {}): TrainingStep => ({
  ...{ epoch: 1, phase: 'train', step, maxSteps: 40, loss: 0.5, checkpoints: [], tokensPerS: null, ...more },
});

/** A rank whose beat told its memory. */
function beaten(rank: number, gpuBytes?: number): AttemptView['ranks'][number] {
  const line = JSON.stringify({ v: 1, epoch: 1, seq: 0, ev: 'beat', loopAgeS: 1, gpuBytes });
  const parsed = parseEventLine(line, 1);
  if (parsed.kind !== 'event') throw new Error('the beat is no event');
  return foldRank(unseenRank(rank), parsed.event);
}

const text = (): Promise<string> => registry.metrics();

it('adds up the GPU memory that beats of the ranks told, and is silent where none did', async () => {
  metrics.seen(attempt(1), { ...unseenAttempt, ranks: [beaten(0, 1e9), beaten(1, 2e9), beaten(2)] }, at(3));
  expect(await text()).toContain('masgpt_training_gpu_memory_bytes{run="training/watched"} 3000000000');
  metrics.seen(attempt(1), { ...unseenAttempt, ranks: [beaten(0)] }, at(3));
  expect(await text()).not.toContain('masgpt_training_gpu_memory_bytes{');
});

it('keeps no series of a run that is watched no more, nor drops a newer attempt for an older one', async () => {
  metrics.seen(attempt(1), unseenAttempt, at(3));
  metrics.seen(attempt(2), unseenAttempt, at(4, { tokensPerS: 50 }));
  metrics.left(attempt(1));
  expect(await text()).toContain('masgpt_training_step{run="training/watched"} 4');
  expect(await text()).toContain('masgpt_training_tokens_per_second{run="training/watched"} 50');
  metrics.left(attempt(2));
  expect(await text()).not.toContain('training/watched');
  expect(metrics.watched()).toEqual([]);
});

it('leaves out numbers that are not known', async () => {
  metrics.seen(attempt(1), unseenAttempt, at(0, { loss: null }));
  const served = await text();
  for (const name of ['loss', 'tokens_per_second', 'steps_per_second', 'checkpoint_age_seconds'])
    expect(served).not.toContain(`masgpt_training_${name}{`);
});

it('escapes what a name holds', async () => {
  metrics.seen(attempt(1, 'training/a"b\\c\nd'), unseenAttempt, at(1));
  expect(await text()).toContain('masgpt_training_step{run="training/a\\"b\\\\c\\nd"} 1');
});

it('a hang was noticed after as long as nothing had moved; ends of our own making are not counted', async () => {
  const outcome = (end: AttemptOutcome['class']) => ({ class: end }) as AttemptOutcome;
  const seen: AttemptView = {
    ...unseenAttempt,
    ranks: [
      { ...unseenRank(0), quietS: 61 },
      { ...unseenRank(1), quietS: 2 },
    ],
  };
  const detected = (end: AttemptOutcome['class']) =>
    detectionOf({ root: '/nowhere' }, attempt(1), outcome(end), seen);
  expect(await detected('hang')).toEqual({ kind: 'hang', seconds: 61 });
  for (const end of ['stopped', 'cancelled', 'superseded', 'killed'] as const)
    expect(await detected(end)).toBeUndefined();
});
