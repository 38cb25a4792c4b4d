/**
 * Metrics of the attempts that this process launches and watches (docs/metrics.md). Counters begin at 0 with the process; the gauges of
 * a run are there while this process watches it, and gone afterwards: there are never more runs than activity slots.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Database } from '../../activities/storage/tables.ts';
import type { AttemptView } from '../../activities/training/attempt-view.ts';
import type { AttemptObserver, WatchedAttempt } from '../../activities/training/observer.ts';
import type { TrainingStep } from '../../workflows/training/contract.ts';

export interface TrainingAttemptMetrics extends AttemptObserver {
  /** Those that are watched now. */
  watched(): readonly WatchedAttempt[];
}

interface Watched {
  readonly attempt: WatchedAttempt;
  /** Of the last minute. */
  samples: readonly (readonly [atMs: number, step: number])[];
  view: AttemptView;
  step: TrainingStep;
}

const paceMs = 60_000;
const sampleEveryMs = 1_000;

export function registerTrainingAttempts(registry: Registry, database: Database): TrainingAttemptMetrics {
  const registers = [registry];
  const watched = new Map<string, Watched>();
  const started = new Counter({
    name: 'masgpt_training_attempts_started_total',
    help: 'Attempts of training runs that this process launched',
    ...{ labelNames: ['recipe'], registers },
  });
  const ended = new Counter({
    name: 'masgpt_training_attempts_ended_total',
    help: 'Attempts whose end this process saw, by the class of the end',
    ...{ labelNames: ['recipe', 'class'], registers },
  });
  const launchFailures = new Counter({
    name: 'masgpt_training_launch_failures_total',
    help: 'Launches of this process that failed; each may be tried again',
    ...{ labelNames: ['recipe'], registers },
  });
  const detection = new Histogram({
    name: 'masgpt_training_detection_seconds',
    help: 'Seconds until an end was told its class: since the exit was recorded, or since the last progress before a hang',
    labelNames: ['kind'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800],
    registers,
  });
  const ofRuns = (name: string, help: string, valueOf: (run: Watched) => number | null | undefined): void => {
    const gauge = new Gauge({
      ...{ name: `masgpt_training_${name}`, help, labelNames: ['run'], registers },
      collect() {
        gauge.reset();
        for (const run of watched.values()) {
          const value = valueOf(run);
          if (typeof value === 'number') gauge.set({ run: run.attempt.run }, value);
        }
      },
    });
  };
  ofRuns('step', 'The last step of the attempt that this process watches', ({ step }) => step.step);
  ofRuns('max_steps', 'Steps that the run is to make', ({ step }) => step.maxSteps);
  ofRuns('loss', 'Training loss of the last log event', ({ step }) => step.loss);
  ofRuns('steps_per_second', 'Steps per second over the last minute', ({ samples }) => rateOf(samples));
  ofRuns('tokens_per_second', 'Tokens per second of all ranks, smoothed', ({ step }) => step.tokensPerS);
  ofRuns('gpu_memory_bytes', 'GPU memory that the trainer has reserved, over all ranks', ({ view }) => {
    const told = view.ranks.flatMap(({ gpuBytes }) => (gpuBytes === null ? [] : [gpuBytes]));
    return told.length === 0 ? null : told.reduce((sum, bytes) => sum + bytes, 0);
  });
  const age = new Gauge({
    name: 'masgpt_training_checkpoint_age_seconds',
    help: 'Seconds since the newest verified checkpoint was saved; without one, since the run began',
    ...{ labelNames: ['run'], registers },
    async collect() {
      const runs = [...watched.values()].map(({ attempt }) => attempt.run);
      // What cannot be asked is left out.
      const since = runs.length === 0 ? new Map() : await savedAt(database, runs).catch(() => new Map());
      age.reset();
      for (const [run, at] of since) age.set({ run }, Math.max(0, (Date.now() - at) / 1_000));
    },
  });

  return {
    watched: () => [...watched.values()].map(({ attempt }) => attempt),
    launched: (recipe) => started.inc({ recipe }),
    launchFailed: (recipe) => launchFailures.inc({ recipe }),
    ended(recipe, end, noticed) {
      ended.inc({ recipe, class: end });
      if (noticed) detection.observe({ kind: noticed.kind }, noticed.seconds);
    },
    seen(attempt, view, step) {
      const nowMs = Date.now();
      const known = watched.get(attempt.run);
      const samples = known?.attempt.epoch === attempt.epoch ? known.samples : [];
      watched.set(attempt.run, {
        ...{ attempt, view, step },
        samples: sampled(samples, nowMs, step.step),
      });
    },
    left({ run, epoch }) {
      if (watched.get(run)?.attempt.epoch === epoch) watched.delete(run);
    },
  };
}

function sampled(samples: Watched['samples'], nowMs: number, step: number): Watched['samples'] {
  const newest = samples.at(-1);
  if (newest && nowMs - newest[0] < sampleEveryMs) return samples;
  return [...samples.filter(([atMs]) => nowMs - atMs <= paceMs), [nowMs, step]];
}

function rateOf(samples: Watched['samples']): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last[0] <= first[0]) return null;
  return ((last[1] - first[1]) * 1_000) / (last[0] - first[0]);
}

/** Milliseconds since 1970, by run. */
async function savedAt(database: Database, runs: readonly string[]): Promise<Map<string, number>> {
  const began = await database
    .selectFrom('training_attempts')
    .select((row) => ['run', row.fn.min('started_at').as('at')])
    .where('run', 'in', runs)
    .groupBy('run')
    .execute();
  const saved = await database
    .selectFrom('training_checkpoints')
    .select((row) => ['run', row.fn.max('created_at').as('at')])
    .where('run', 'in', runs)
    .where('state', '=', 'verified')
    .groupBy('run')
    .execute();
  return new Map([...began, ...saved].map(({ run, at }) => [run, at.getTime()]));
}
